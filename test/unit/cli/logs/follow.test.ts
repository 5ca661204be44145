import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, onTestFinished, vi } from 'vitest';
import { logs, type LogsOptions } from '../../../../cli/logs/logs.ts';
import { givenShell } from '../shell.ts';
import { general, givenStacks } from '../stacks.ts';

const start = Date.parse('2026-11-22T10:15:00Z');
const minute = 60_000;

it('reads each line once, however many looks there are', async () => {
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => {
    parse.mockRestore();
  });
  const old = Array.from({ length: 200 }, (_, index) => line(index, `old ${index}`));
  const later = [1, 2, 3].map((minutes) => [line(minutes * minute, `after ${minutes}`)]);
  await followed([old, ...later]);
  const read = parse.mock.calls.filter(([text]) => text.includes('"level"'));
  expect(read).toHaveLength(old.length + later.length);
});

it('prints a line once, however often it is seen', async () => {
  const lines = [line(0, 'first'), line(1_000, 'second')];
  const out = await followed([lines.slice(0, 1), lines, lines, [...lines, line(2_000, 'third')]]);
  expect(out.map((text) => /first|second|third/.exec(text)?.[0])).toEqual([
    'first',
    'second',
    'third',
  ]);
});

it('prints a line of a run once a later one says whose it is', async () => {
  const early = line(0, 'early');
  const report = line(14 * minute, 'done', { report: { agent: 'main', runId: 'r1' } });
  const out = await followed([[early], [], [report]], { run: 'r1' });
  expect(out.join('\n')).toMatch(/early.*\n.*done/);
});

it('does not print again what it has forgotten', async () => {
  const out = await followed([[line(0, 'old')], [line(20 * minute, 'new')], [line(0, 'old')]]);
  expect(out).toHaveLength(2);
});

function line(after: number, message: string, fields: object = {}) {
  const text = JSON.stringify({ level: 'INFO', message, ...fields });
  return { timestamp: start + after, logStreamName: 's', message: text };
}

type Event = ReturnType<typeof line>;

/** What is printed when each look finds something else, and Ctrl-C comes after the last. */
async function followed(looks: Event[][], options: Partial<LogsOptions> = {}): Promise<string[]> {
  givenStacks({ 'WorkspaceSync-default': { Agents: 'main' } });
  let look = 0;
  const logGroups = [{ logGroupName: '/workspace-sync/default/sync' }];
  mockClient(CloudWatchLogsClient)
    .on(DescribeLogGroupsCommand)
    .resolves({ logGroups })
    .on(FilterLogEventsCommand)
    .callsFake(() => ({ events: looks[look++] ?? [] }));
  const { shell, out } = givenShell();
  let interrupt: () => void;
  shell.onInterrupt = (callback) => {
    interrupt = callback;
    return () => undefined;
  };
  const sleep = (): Promise<void> => {
    if (look === looks.length) interrupt();
    return Promise.resolve();
  };
  shell.clock = { now: () => start, sleep };
  await logs(shell, { ...general, level: 'info', follow: true, ...options });
  return out;
}
