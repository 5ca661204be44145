import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../functions/shared/config/index.ts';
import {
  type Assumptions,
  type CostLine,
  defaultAssumptions,
  estimateMonth,
  turnsPerMonth,
} from '../../../functions/shared/cost/index.ts';
import type { Estimated } from '../../../functions/shared/cost/index.ts';

const page = readFileSync(new URL('../../../docs/cost.md', import.meta.url), 'utf8');

const sync = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${DROPBOX_TOKEN}' } };
const webhook = { url: 'https://gateway.example.com/hooks', mode: 'wake', token: '${HOOKS_TOKEN}' };
const backup = {
  enabled: true,
  provider: 's3',
  encrypt: true,
  passphrase: '${BACKUP_PASSPHRASE}',
};
const everything = { sync: { ...sync, interval: 300 }, backup, webhook };
const ten = Array.from({ length: 10 }, (_, index) => [`agent-${index}`, everything] as const);

/** The columns of the table on the page. */
const columns: [Estimated, Partial<Assumptions>][] = [
  [given({ dashboard: false, sync: { ...sync, interval: 900 }, webhook }), {}],
  [given(everything), {}],
  [given({ agents: Object.fromEntries(ten) }), { files: 20_000, bytes: 5 * 2 ** 30 }],
];

function given(json: object): Estimated {
  return parseConfig(json).config;
}

/** What a pause would stop: the lines that `costOfRuns` gives. */
const ofRuns = new Set([
  'Lambda, computing',
  'Lambda, calls',
  'S3, requests that write or list',
  'S3, requests that read',
  'Transfer out of AWS',
  'EventBridge, events and calls',
  'Secrets Manager, calls',
  'CloudWatch, logs',
]);

/** The rows of the table, by their first cell, and the lines that each adds up. */
const rows: Record<string, (line: CostLine) => boolean> = {
  'Computing (Lambda)': ({ thing }) => thing.startsWith('Lambda'),
  'S3, requests and storage': ({ thing }) => thing.startsWith('S3'),
  'Transfer out of AWS': ({ thing }) => thing.startsWith('Transfer'),
  'Alarms, metrics, logs (CloudWatch)': ({ thing }) =>
    thing.startsWith('CloudWatch') && !thing.endsWith('dashboard'),
  Dashboard: ({ thing }) => thing.endsWith('dashboard'),
  'Secrets Manager': ({ thing }) => thing.startsWith('Secrets'),
  'Queues, events, schedules': ({ thing }) => /^(SQS|EventBridge|Scheduler)/.test(thing),
  '**Together**': () => true,
  'of which a pause by the cap would stop': ({ thing }) => ofRuns.has(thing),
};

function cellsOf(row: string): string[] {
  const line = page.split('\n').find((text) => text.startsWith(`| ${row} `));
  return (line ?? '')
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe('the page about cost', () => {
  it.each(Object.entries(rows))('has the figures of the estimate: %s', (row, isMeant) => {
    const figures = columns.map(([config, assumptions]) => {
      const lines = estimateMonth(config, assumptions).filter(isMeant);
      if (lines.length === 0) return 'none';
      return `$${lines.reduce((sum, { dollars }) => sum + dollars, 0).toFixed(2)}`;
    });
    expect(cellsOf(row)).toEqual(figures);
  });

  it('puts every line of an estimate into one row', () => {
    const sums = new Set(['**Together**', 'of which a pause by the cap would stop']);
    const parts = Object.entries(rows).filter(([row]) => !sums.has(row));
    for (const [config, assumptions] of columns) {
      for (const line of estimateMonth({ ...config, tracing: false }, assumptions)) {
        const matching = parts.filter(([, isMeant]) => isMeant(line));
        expect([line.thing, matching.length]).toEqual([line.thing, 1]);
      }
    }
  });

  it('says what is assumed', () => {
    expect(defaultAssumptions).toMatchObject({ changedPerDay: 0.05, dropsPerDay: 5 });
    expect(defaultAssumptions.dropBytes).toBe(2 * 2 ** 20);
    const [[first] = []] = columns;
    const turns = Math.round(turnsPerMonth(first?.agents ?? []));
    expect(page.replace(/\s+/g, ' ')).toContain(`${turns} turns of the agent in a month`);
  });
});
