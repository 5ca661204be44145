import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { history } from '../../../../cli/history/history.ts';
import { noTotals } from '../../../../functions/shared/runtime/report.ts';
import { givenShell } from '../shell.ts';
import { general, givenStacks } from '../stacks.ts';

const first = '20261122T101500Z-0a1b2c3d';
const second = '20261122T101600Z-0a1b2c3e';

it('lists the run that began last first, whichever was asked for last', async () => {
  givenReports({
    [first]: { startedAt: '2026-11-22T10:20:00Z' },
    [second]: { startedAt: '2026-11-22T10:16:00Z' },
  });
  expect(await told()).toMatch(new RegExp(`${first}[^]*${second}`));
});

it('shows what a run has deleted', async () => {
  givenReports({ [first]: { filesDeleted: 23 } });
  expect(await told()).toMatch(/bytes +deleted +left out[^]* 0 B +23 +manual/);
});

it.each([
  ['s3://workspaces/', "The files are where the agent's files are."],
  ['/mnt/workspace/ann', "The files are where the agent's files are."],
  ['s3://workspaces/ann/restored/1/', 'The files are in s3://workspaces/ann/restored/1/'],
  ['webdav folder Agent/restored/1', 'The files are in webdav folder Agent/restored/1'],
])('says where the files of a restore to %s are', async (restoredTo, words) => {
  givenReports({ [first]: { job: 'restore', restoredTo } });
  const text = await told(first);
  expect(text).toContain(words);
  expect(text).toContain('started by hand,');
});

/** What the state bucket has of runs. */
function givenReports(reports: Record<string, object>): void {
  givenStacks({ 'WorkspaceSync-default': { Agents: 'main', StateBucketName: 'state' } });
  const day = 'history/main/2026-11-22/';
  const objects = Object.entries(reports).map(([runId, facts]): [string, string] => {
    const report = { ...base, runId, ...facts };
    return [`${day}${runId}-${report.job}.json`, JSON.stringify(report)];
  });
  const s3 = mockClient(S3Client);
  s3.on(ListObjectsV2Command).callsFake(({ Prefix = '', Delimiter }: Listed) => ({
    Contents: objects.flatMap(([Key]) => (Key.startsWith(Prefix) ? [{ Key }] : [])),
    ...(Delimiter === undefined ? {} : { Contents: [], CommonPrefixes: [{ Prefix: day }] }),
  }));
  for (const [Key, text] of objects) {
    const Body = { transformToString: () => Promise.resolve(text) };
    s3.on(GetObjectCommand, { Key }).resolves({ Body } as never);
  }
}

interface Listed {
  Prefix?: string;
  Delimiter?: string;
}

const base = {
  ...noTotals,
  version: 1,
  job: 'sync',
  agent: 'main',
  trigger: 'manual',
  state: 'succeeded',
  startedAt: '2026-11-22T10:15:00Z',
  finishedAt: '2026-11-22T10:15:01Z',
  durationMs: 1000,
  legs: 1,
  skipped: [],
  skippedFiles: 0,
  delivered: [],
  warnings: [],
};

async function told(runId?: string): Promise<string> {
  const { shell, out } = givenShell();
  expect(await history(shell, runId, { ...general, limit: 20 })).toBe(0);
  return out.join('\n');
}
