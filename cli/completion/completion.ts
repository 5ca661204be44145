import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseConfig } from '../../functions/shared/config/index.ts';
import { configFile } from '../context.ts';
import type { General } from '../general.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { commandTree } from './tree.ts';
import { zshScript } from './zsh.ts';

/** The shells that scripts are made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof shells)[number];

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The completion script of a program for a shell. */
export function completionScript(program: Command, shell: ShellName): string {
  return scripts[shell](commandTree(program));
}

/** Names of the agents in the configuration file, a line each: no request is worth a Tab. */
export function agentNames(general: Pick<General, 'config'>): string {
  const file = configFile(general);
  if (!existsSync(file)) return '';
  try {
    const { config } = parseConfig(JSON.parse(readFileSync(file, 'utf8')));
    return config.agents.map(({ name }) => name).join('\n');
  } catch {
    // Completion offers what it can, and says nothing.
    return '';
  }
}
