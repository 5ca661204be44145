import { describe, expect, it } from 'vitest';
import { main } from '../../../cli/main.ts';
import { givenShell } from './shell.ts';

/** What a command line says and answers, at no terminal and without AWS. */
async function said(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const { shell, out, said: err } = givenShell();
  const exitCode = await main(args, shell);
  return { exitCode, out: out.join('\n'), err: err.join('\n') };
}

describe('help', () => {
  it.each([[['sync']], [['backup', 'restore']], [['secrets', 'set']], [['drop-link', 'revoke']]])(
    'of %j is that of its own --help',
    async (words) => {
      const [asked, option] = [await said('help', ...words), await said(...words, '--help')];
      expect(asked).toEqual(option);
      expect(asked.exitCode).toBe(0);
      expect(asked.out).toContain(`Usage: workspace-sync ${words.join(' ')}`);
    },
  );

  it('of nothing is that of the whole', async () => {
    expect((await said('help')).out).toBe((await said('--help')).out);
  });

  it.each(['nonsense', 'backup nonsense'])('of "%s" says that there is none', async (words) => {
    const { exitCode, err } = await said('help', ...words.split(' '));
    expect(exitCode).toBe(2);
    expect(err).toContain(`"${words}"`);
  });
});
