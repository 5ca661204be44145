import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAgentConfig, type AgentConfig } from '../../../functions/shared/config/index.ts';

const root = join(import.meta.dirname, '../../..');
const rows = tableRows(readFileSync(join(root, 'docs/feature-table.md'), 'utf8'));

interface Row {
  section: string;
  cells: string[];
  /** The tests that the row names. */
  tests: { title: string; file: string }[];
}

/** Rows of the tables of a page, without the heads. */
function tableRows(page: string): Row[] {
  let section = '';
  const found: Row[] = [];
  for (const line of page.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3);
    // What stands above the line of dashes is the head.
    if (/^\|[\s:|-]+\|$/.test(line)) found.pop();
    else if (line.startsWith('|')) found.push(row(section, line));
  }
  return found;
}

function row(section: string, line: string): Row {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const links = (cells.at(-2) ?? '').matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g);
  const tests = [...links].map(([, title = '', file = '']) => ({ title, file }));
  return { section, cells: cells.slice(1, -1), tests };
}

/** What stands as the first argument of a call, as the title of a test does. */
function titles(source: string): Set<string> {
  return new Set([...source.matchAll(/\(\s*(['"`])(.+?)\1,/g)].map(([, , title = '']) => title));
}

/** First cells of the rows of a section, without the backticks. */
function named(section: string): string[] {
  const names = rows.filter((one) => one.section === section).map(({ cells }) => cells[0] ?? '');
  return names.map((name) => name.replaceAll('`', ''));
}

/** The keys of the original plugin, as its documentation lists them. */
const originalKeys = {
  sync: [
    'provider',
    'mode',
    'ingest',
    'ingestPath',
    'notifyOnInbox',
    'remotePath',
    'localPath',
    'interval',
    'timeout',
    'onSessionStart',
    'onSessionEnd',
    'conflictResolve',
    'exclude',
  ],
  backup: [
    'enabled',
    'provider',
    'bucket',
    'prefix',
    'interval',
    'encrypt',
    'passphrase',
    'include',
    'retain',
  ],
} as const;

const originalCommands = ['status', 'sync', 'sync --dry-run', 'list', 'setup'];
const originalBackupCommands = ['now', 'list', 'restore', 'status'];

describe('the feature table', () => {
  it('has rows, and a test in each', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it('names tests that there are', () => {
    const tests = rows.flatMap((one) => one.tests);
    const missing = tests.filter(({ title, file }) => {
      const path = join(root, file);
      return !existsSync(path) || !titles(readFileSync(path, 'utf8')).has(title);
    });
    expect(missing).toEqual([]);
  });

  it.each(['sync', 'backup'] as const)('has every key of %s, and its default', (block) => {
    const section = `Config keys of \`${block}\``;
    expect(named(section)).toEqual(originalKeys[block].map((key) => `${block}.${key}`));

    const defaults: AgentConfig = parseAgentConfig({ name: 'main' });
    for (const { cells } of rows.filter((one) => one.section === section)) {
      const key = (cells[0] ?? '').replace(/^`\w+\.|`$/g, '');
      const said = /^`(.*)`$/.exec(cells[1] ?? '')?.[1];
      const is: unknown = Object.entries(defaults[block]).find(([name]) => name === key)?.[1];
      expect(said === undefined ? undefined : JSON.parse(said), `${block}.${key}`).toEqual(is);
    }
  });

  it('has every command', () => {
    const commands = named('Commands').join('\n');
    for (const command of originalCommands) {
      expect(commands).toMatch(new RegExp(`^openclaw workspace-sync ${command}\\b`, 'm'));
    }
    expect(named('Backup commands')).toEqual(
      originalBackupCommands.map((command) => `openclaw workspace-sync backup ${command}`),
    );
  });

  it.each([
    ['Sync modes', 'mailbox'],
    ['Mailbox mode', 'drains'],
    ['Automatic sync', 'On session start'],
    ['Automatic sync', 'On session end'],
    ['Automatic sync', 'Periodic interval'],
    ['Safety notes', 'Mailbox'],
    ['Auto-recovery', 'Stale lock files'],
    ['Auto-recovery', 'Interrupted syncs'],
    ['Troubleshooting', 'rclone not configured'],
    ['Troubleshooting', 'times out'],
    ['Notes', 'tokens'],
    ['Encrypted backups', 'Streamed'],
  ])('speaks under "%s" of: %s', (section, words) => {
    expect(named(section).join('\n')).toContain(words);
  });
});
