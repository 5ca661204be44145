import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { completionScript } from '../../../../cli/completion/completion.ts';
import { createProgram } from '../../../../cli/program.ts';
import { processShell } from '../../../../cli/shell.ts';

it.each([
  [['sy'], ['sync']],
  [['backup', 're'], ['restore']],
  [['backup', 'restore', '--t'], ['--to']],
  [
    ['backup', 'restore', '--to', ''],
    ['staging', 'cloud', 'live'],
  ],
  [['backup', '--agent', 'x', 'l'], ['list']],
  [
    ['sync', '--direction', 'p'],
    ['pull', 'push'],
  ],
  [['completion', 'f'], ['fish']],
  [['sync', '--confirm-deletes', ''], []],
])('bash completes %j to %j', (words, expected) => {
  expect(completedByBash(words)).toEqual(expected);
});

it('completes file names for a drop, with spaces too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(folder, 'report one.pdf'), '');
  expect(completedByBash(['drop', 'rep'], folder)).toEqual(['report one.pdf']);
});

it('asks the command for the agents', () => {
  expect(completedByBash(['sync', '--agent', 'm'])).toEqual(['main', 'mine']);
});

it('knows every command and option in each of the shells', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(program(), shell);
    for (const { name, flags } of commands(program())) {
      expect(script).toContain(name);
      for (const flag of flags) expect(script).toContain(shell === 'fish' ? flag.slice(2) : flag);
    }
  }
});

it.each(['zsh', 'fish'] as const)('quotes in %s what a description could break', (shell) => {
  const hostile = new Command('workspace-sync')
    .addOption(new Option('--x <y>', `it's "$HOME" [a]: \`b\`; rest`))
    .addCommand(new Command('one').description(`it's 'quoted'`));
  const script = completionScript(hostile, shell);
  for (const line of script.split('\n')) {
    if (line.startsWith('#')) continue;
    expect(line.split("'").length % 2, line).toBe(1);
  }
  expect(script).not.toContain('$HOME');
});

it('opens and closes what zsh opens', () => {
  const script = completionScript(program(), 'zsh');
  const count = (pattern: RegExp): number => script.match(pattern)?.length ?? 0;
  expect(count(/\{$/gm)).toBe(count(/^\}$/gm));
  expect(count(/^\s*case /gm)).toBe(count(/^\s*esac$/gm));
});

function program(): Command {
  return createProgram(processShell(), () => undefined);
}

function commands(node: Command): { name: string; flags: string[] }[] {
  const flags = node.options.flatMap(({ long }) => (long === undefined ? [] : [long]));
  return [{ name: node.name(), flags }, ...node.commands.flatMap(commands)];
}

/** What the real bash offers for the last of these words. */
function completedByBash(words: string[], cwd = tmpdir()): string[] {
  const script = `
${completionScript(program(), 'bash')}
workspace-sync() { printf 'main\\nmine\\nother\\n'; }
COMP_WORDS=(workspace-sync "$@"); COMP_CWORD=$#
_workspace_sync
if ((\${#COMPREPLY[@]})); then printf '%s\\n' "\${COMPREPLY[@]}"; fi
`;
  const said = execFileSync('bash', ['-c', script, 'bash', ...words], { cwd, encoding: 'utf8' });
  return said.split('\n').filter((line) => line !== '');
}
