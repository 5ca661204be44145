import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { processShell } from '../../../cli/shell.ts';
import { cliReference } from '../../../scripts/cli-reference.ts';

it('the reference of the command is up to date: run npm run docs', async () => {
  const file = new URL('../../../docs/cli-reference.md', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(await cliReference());
});

describe('the help of every command', () => {
  it.each(leaves(createProgram(processShell(), () => undefined)))(
    '%s says what it does and what each option is for',
    (_name, command) => {
      expect(command.description()).toMatch(/^[A-Z].{20,}/s);
      for (const { description } of [...command.options, ...command.registeredArguments]) {
        expect(description.length).toBeGreaterThan(3);
      }
    },
  );
});

function leaves(node: Command, path: string[] = []): [string, Command][] {
  if (node.commands.length === 0) return [[path.join(' '), node]];
  return node.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}
