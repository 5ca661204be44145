import { expect, it } from 'vitest';
import { main } from '../../../cli/main.ts';
import { givenShell } from './shell.ts';
import { givenStacks } from './stacks.ts';

it.each([
  [['status', '--json', '--nonsense'], "unknown option '--nonsense'"],
  [['drop', '--json'], "missing required argument 'file'"],
  [['nonsense', '--json'], "unknown command 'nonsense'"],
  [['inbox', '--json', '--limit', 'many'], '--limit'],
])('tells a program what is wrong with %j', async (args, words) => {
  const { shell, out } = givenShell();
  expect(await main(args, shell)).toBe(2);
  const said = JSON.parse(out.join('\n')) as { error: { code: string; message: string } };
  expect(said.error.code).toBe('usage');
  expect(said.error.message).toContain(words);
  expect(said.error.message).not.toMatch(/^error:/);
});

it('tells people on standard error alone', async () => {
  const { shell, out, said } = givenShell();
  expect(await main(['status', '--nonsense'], shell)).toBe(2);
  expect(out).toEqual([]);
  expect(said.join('\n')).toContain("unknown option '--nonsense'");
});

it('answers help with exit code 0 and no error', async () => {
  const { shell, out } = givenShell();
  expect(await main(['status', '--json', '--help'], shell)).toBe(0);
  expect(out.join('\n')).not.toContain('"error"');
});

it('repeats in a command that it suggests what was said to itself', async () => {
  givenStacks({});
  const { shell, said } = givenShell();
  const where = ['--config', '/dev/null/my own', '--deployment', 'home', '--region', 'eu-west-1'];
  expect(await main(['status', ...where], shell)).toBe(6);
  expect(said.join('\n')).toContain(
    `"workspace-sync deploy --deployment home --config '/dev/null/my own' --region eu-west-1"`,
  );
});
