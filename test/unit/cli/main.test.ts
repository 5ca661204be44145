import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { main } from '../../../cli/main.ts';
import { givenShell } from './shell.ts';
import { givenStacks } from './stacks.ts';

/** A file in a folder of its own. */
function givenFile(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'main-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

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
  const config = givenFile('my own', '{}');
  const where = ['--config', config, '--deployment', 'home', '--region', 'eu-west-1'];
  expect(await main(['status', ...where], shell)).toBe(6);
  expect(said.join('\n')).toContain(
    `"workspace-sync deploy --deployment home --config '${config}' --region eu-west-1"`,
  );
});

it.each([['drop', 'README.md'], ['status'], ['cost'], ['secrets', 'list']])(
  'does not do without the configuration file that somebody has named: %j',
  async (...words) => {
    givenStacks({});
    const { shell, said } = givenShell();
    const named = ['--config', '/nowhere/mine.json', '--deployment', 'home'];
    expect(await main([...words, ...named], shell)).toBe(2);
    expect(said.join('\n')).toContain('There is no configuration file /nowhere/mine.json.');
  },
);

it.each([
  [['sync', '--dryrun'], '(workspace-sync sync --help lists its options)'],
  [['backup', 'restore', '--nonsense'], '(workspace-sync backup restore --help lists its options)'],
  [['backup', 'nonsense'], '(workspace-sync backup --help lists its commands)'],
  [['nonsense'], '(workspace-sync --help lists the commands)'],
])('names the help that helps after %j', async (args, words) => {
  const { shell, said } = givenShell();
  expect(await main(args, shell)).toBe(2);
  expect(said.join('\n')).toContain(words);
});

it.each([
  ['secrets', 'list'],
  ['secrets', 'set', 'DROPBOX_TOKEN'],
  ['secrets', 'set'],
  ['authorize'],
  ['cost', '--estimate'],
  ['logs'],
  ['status'],
])('knows no agent that is not there: %j', async (...words) => {
  givenStacks({ 'WorkspaceSync-default': { Agents: 'main' } });
  const { shell, said } = givenShell();
  const config = givenFile('workspace-sync.json', '{"sync":{"provider":"off"}}');
  const exitCode = await main([...words, '--agent', 'nobody', '--config', config], shell);
  expect(said.join('\n')).toContain('has no agent "nobody". It has main.');
  expect(exitCode).toBe(6);
});

it.each([
  ['--files', '10'],
  ['--stored', '2GB'],
])('does not overlook %s where nothing is estimated', async (option, value) => {
  const { shell, said } = givenShell();
  expect(await main(['cost', option, value], shell)).toBe(2);
  expect(said.join('\n')).toContain(`${option} means something with --estimate only`);
});

it('estimates what a running "npm start" has deployed', async () => {
  const config = givenFile('its-own.json', '{"deployment":"tour","sync":{"provider":"off"}}');
  const session = {
    url: 'http://127.0.0.1:1',
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    deployment: 'tour',
    cloudUrl: '',
    cloudFolder: '',
    hooksUrl: '',
    configFile: config,
  };
  const file = givenFile('local.json', JSON.stringify(session));
  const { shell, out } = givenShell({ WORKSPACE_SYNC_LOCAL: file });
  expect(await main(['cost', '--estimate', '--local'], shell)).toBe(0);
  expect(out.join('\n')).toContain('deployment tour');
});
