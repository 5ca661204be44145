import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type {
  JobRequest,
  PlannedChange,
  RunState,
} from '../../../functions/shared/contract/index.ts';
import { WorkspaceSyncError } from '../../../functions/shared/errors.ts';
import { createPlan } from '../../../functions/shared/runtime/plan.ts';
import { noTotals, type JobResult } from '../../../functions/shared/runtime/report.ts';
import { RunWorld, start } from './world.ts';

const status = 'status/main/sync.json';

function historyKeys({ store }: RunWorld): string[] {
  return [...store.objects.keys()].filter((key) => key.startsWith('history/'));
}

describe('a run', () => {
  it('has a report of what was asked, what was done and when', async () => {
    const world = new RunWorld();

    const report = await world.run({ state: 'succeeded', filesSent: 2, bytesSent: 10 });

    expect(report).toEqual({
      ...noTotals,
      version: 1,
      job: 'sync',
      agent: 'main',
      runId: expect.stringMatching(/^20261122T100000Z-[0-9a-f]{8}$/) as string,
      trigger: 'manual',
      state: 'succeeded',
      startedAt: '2026-11-22T10:00:00.000Z',
      finishedAt: '2026-11-22T10:00:05.000Z',
      durationMs: 5_000,
      legs: 1,
      filesSent: 2,
      bytesSent: 10,
      skipped: [],
      skippedFiles: 0,
      delivered: [],
      warnings: [],
    });
  });

  it('that was stopped before it had compared both sides has no plan, and does not say they agree', async () => {
    const world = new RunWorld();
    const nothing = createPlan({});
    const change: PlannedChange = { path: 'a', bytes: 1, side: 'cloud' };

    const unknown = await world.run({ state: 'blocked', plan: nothing });
    const known = await world.run({ state: 'blocked', plan: createPlan({ delete: [change] }) });
    const inStep = await world.run({ state: 'succeeded', plan: nothing });

    expect(unknown).not.toHaveProperty('plan');
    expect(unknown).not.toHaveProperty('planText');
    expect(known.planText).toContain('1 to delete');
    expect(inStep.planText).toContain('in step');
  });

  it('keeps its report, and tells everybody once', async () => {
    const world = new RunWorld();

    const report = await world.run({ state: 'succeeded' });

    const key = `history/main/2026-11-22/${report.runId}-sync.json`;
    expect(historyKeys(world)).toEqual([key]);
    expect(world.stored(key)).toEqual(report);
    expect(world.sent().map(({ type, detail }) => ({ type, detail }))).toEqual([
      { type: 'Sync Completed', detail: report },
    ]);
    const entry = world.events.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0];
    expect(entry).toMatchObject({ EventBusName: 'bus', Source: 'workspace-sync' });
  });

  it('is in the status before anybody hears that it has ended', async () => {
    const world = new RunWorld();
    const known: boolean[] = [];
    world.events.on(PutEventsCommand).callsFake(() => {
      known.push(world.store.objects.has(status));
      return { FailedEntryCount: 0 };
    });

    await world.run({ state: 'succeeded' });

    expect(known).toEqual([true]);
  });

  it('has an id of its own', async () => {
    const world = new RunWorld();
    const ids = [await world.run({ state: 'succeeded' }), await world.run({ state: 'succeeded' })];

    expect(new Set(ids.map(({ runId }) => runId)).size).toBe(2);
  });

  it.each<[Exclude<RunState, 'continued'>, string, string]>([
    ['succeeded', 'Sync Completed', 'RunSucceeded'],
    ['partial', 'Sync Partially Completed', 'RunPartial'],
    ['blocked', 'Sync Blocked', 'RunBlocked'],
    ['skipped', 'Sync Skipped', 'RunSkipped'],
    ['failed', 'Sync Failed', 'RunFailed'],
  ])('that ended as %s says so in its event and its metric', async (state, type, metric) => {
    const world = new RunWorld();

    await world.run({ state });

    expect(world.sent().map((event) => event.type)).toEqual([type]);
    expect(world.metrics).toContainEqual({
      name: metric,
      value: 1,
      dimensions: { Agent: 'main', Job: 'sync' },
      unit: undefined,
    });
    expect(world.metrics).toContainEqual({
      name: 'RunDuration',
      value: 5_000,
      dimensions: { Agent: 'main', Job: 'sync' },
      unit: 'Milliseconds',
    });
  });

  it.each<[RunState, number | undefined]>([
    ['succeeded', 1],
    ['partial', 1],
    ['blocked', undefined],
    ['skipped', undefined],
    ['failed', undefined],
    ['continued', undefined],
  ])('that ended as %s counts for the alarm on silence: %s', async (state, success) => {
    const world = new RunWorld();

    await world.run({ state });

    expect(world.measured()['RunSucceeded']).toBe(success);
  });

  it('measures files, and none where there were none', async () => {
    const world = new RunWorld();

    await world.run({ state: 'partial', filesSent: 3, filesQuarantined: 1 });

    expect(world.measured()).toMatchObject({ FilesSent: 3, FilesQuarantined: 1 });
    expect(world.measured()).not.toHaveProperty('FilesDelivered');
  });
});

describe('a run that throws', () => {
  it.each([
    ['an error of ours', new WorkspaceSyncError('no', { code: 'x-y', retryable: true }), 'x-y'],
    ['an error of the system', Object.assign(new Error('no'), { code: 'ENOSPC' }), 'ENOSPC'],
    ['any error', new TypeError('no'), 'unexpected'],
    ['something else', 'no', 'unexpected'],
  ])('has failed, and everybody is told: %s', async (_, thrown, code) => {
    const world = new RunWorld();

    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as libraries do
    const report = await world.run(() => Promise.reject(thrown));

    expect(report).toMatchObject({ state: 'failed', reason: { code, message: 'no' } });
    expect(world.sent().map(({ type }) => type)).toEqual(['Sync Failed']);
    expect(world.stored(status)).toMatchObject({ errors: 1, lastReason: { code } });
  });
});

describe('the status of a job', () => {
  it('counts runs and errors, and remembers the last success', async () => {
    const world = new RunWorld();
    await world.run({ state: 'succeeded' });
    world.time += 3_600_000;

    const failed = await world.run({ state: 'failed', reason: { code: 'c', message: 'm' } });

    expect(world.stored(status)).toEqual({
      version: 1,
      runs: 2,
      errors: 1,
      lastSuccessAt: '2026-11-22T10:00:05.000Z',
      lastState: 'failed',
      lastRunId: failed.runId,
      lastFinishedAt: '2026-11-22T11:00:10.000Z',
      lastReason: { code: 'c', message: 'm' },
      lastStartedAt: '2026-11-22T11:00:05.000Z',
      lastWholeAt: '2026-11-22T10:00:05.000Z',
      files: 0,
      bytes: 0,
      skippedFiles: 0,
      filesDeleted: 0,
      conflicts: 0,
    });
  });

  it('is not touched by a request that was rejected: the history answers who asked', async () => {
    const world = new RunWorld();
    await world.run({ state: 'succeeded' });
    const before = world.stored(status);
    world.metrics.length = 0;

    const reason = { code: 'request', message: 'no such thing' };
    const report = await world.run({ state: 'failed', reason, rejected: true });

    expect(report).toMatchObject({ state: 'failed', reason });
    expect(world.stored(`history/main/2026-11-22/${report.runId}-sync.json`)).toEqual(report);
    expect(world.stored(status)).toEqual(before);
    expect(world.metrics).toEqual([]);
    expect(world.sent().map(({ type }) => type)).toEqual(['Sync Completed']);
  });

  it('remembers when the cloud folder last got all of the workspace, and when not quite', async () => {
    const world = new RunWorld();
    await world.run({ state: 'succeeded', pushed: 'all', pushedTo: 'there' });
    world.time += 60_000;
    const skipped = [{ path: 'a', reason: 'no' }];
    await world.run({ state: 'partial', pushed: 'some', pushedTo: 'there', skipped });
    await world.run({ state: 'succeeded' });

    expect(world.stored(status)).toMatchObject({
      lastPushedAt: '2026-11-22T10:00:00.000Z',
      lastPushedTo: 'there',
      lastPartialPush: { at: '2026-11-22T10:01:05.000Z', skippedFiles: 1, to: 'there' },
    });
  });

  it('remembers when the schedule last started a run, whatever has come since', async () => {
    const world = new RunWorld();
    await world.run({ state: 'succeeded' }, { trigger: 'schedule' });
    world.time += 60_000;
    await world.run({ state: 'succeeded', filesSent: 2, bytesSent: 7 }, { trigger: 'manual' });

    expect(world.stored(status)).toMatchObject({
      lastScheduledAt: '2026-11-22T10:00:00.000Z',
      lastStartedAt: '2026-11-22T10:01:05.000Z',
      files: 2,
      bytes: 7,
    });
  });

  it('remembers which tokens were used, and never a token', async () => {
    const world = new RunWorld();
    const saw = (reference: string, expiresAt: string) => {
      return world.run((context) => {
        const seenAt = '2026-11-22T10:00:00.000Z';
        context.sawToken({ scope: 'sync', reference, expiresAt, seenAt });
        return Promise.resolve({ state: 'succeeded' });
      });
    };
    await saw('ONE', '2026-11-22T11:00:00.000Z');
    await saw('TWO', '2026-11-22T12:00:00.000Z');
    await saw('ONE', '2026-11-22T13:00:00.000Z');

    const { tokens } = world.stored(status) as {
      tokens: { reference: string; expiresAt: string }[];
    };
    expect(tokens.map(({ reference, expiresAt }) => [reference, expiresAt])).toEqual([
      ['ONE', '2026-11-22T13:00:00.000Z'],
      ['TWO', '2026-11-22T12:00:00.000Z'],
    ]);
  });

  it('is read as earlier releases wrote it', async () => {
    const world = new RunWorld();
    const old = {
      version: 1,
      runs: 7,
      errors: 1,
      lastSuccessAt: '2026-11-22T09:00:00.000Z',
      lastState: 'succeeded',
      lastRunId: 'old',
      lastFinishedAt: '2026-11-22T09:00:00.000Z',
    };
    await world.store.put(status, JSON.stringify(old));

    await world.run({ state: 'failed' });

    expect(world.stored(status)).toMatchObject({
      runs: 8,
      errors: 2,
      lastSuccessAt: old.lastSuccessAt,
    });
  });

  it('keeps the newest whole snapshot, and the newest that passed a verification', async () => {
    const world = new RunWorld();
    const snapshot = (id: string, createdAt: string) => {
      const what = { format: 'workspace-sync', storedBytes: 1, encrypted: true } as const;
      return { ...what, id, createdAt };
    };
    const day = (number: number) => `2026-11-${number}T00:00:00.000Z`;
    const passed = { at: day(22), passed: true, percent: 100 };
    const [old, young] = [snapshot('old', day(20)), snapshot('young', day(21))];
    await world.run({ state: 'succeeded', snapshot: old }, { job: 'backup' });
    await world.run({ state: 'partial', snapshot: young }, { job: 'backup' });
    await world.run(
      { state: 'succeeded', snapshot: { ...young, verified: passed } },
      { job: 'verify' },
    );
    await world.run(
      { state: 'succeeded', snapshot: { ...old, verified: passed } },
      { job: 'verify' },
    );

    expect(world.stored('status/main/backup.json')).toMatchObject({ snapshot: { id: 'old' } });
    expect(world.stored('status/main/verify.json')).toMatchObject({
      verifiedSnapshot: { id: 'young' },
    });
  });

  it('forgets the last reason with the next success', async () => {
    const world = new RunWorld();
    await world.run({ state: 'failed', reason: { code: 'c', message: 'm' } });

    await world.run({ state: 'succeeded' });

    expect(world.stored(status)).not.toHaveProperty('lastReason');
  });

  it('is not changed by a run that tried nothing, which is history all the same', async () => {
    const world = new RunWorld();

    await world.run({ state: 'skipped' });

    expect(world.store.text(status)).toBeUndefined();
    expect(historyKeys(world)).toHaveLength(1);
  });

  it('loses no run that ends at the same time', async () => {
    const world = new RunWorld();

    await Promise.all([1, 2, 3].map(() => world.run({ state: 'succeeded' })));

    expect(world.stored(status)).toMatchObject({ runs: 3 });
  });

  it('is not kept of a drain that found nothing', async () => {
    const world = new RunWorld();

    await world.run({ state: 'succeeded' }, { job: 'drain' });
    await world.run({ state: 'skipped' }, { job: 'drain' });

    expect(world.store.objects.size).toBe(0);
    expect(world.sent()).toEqual([]);
    expect(world.measured()['RunSucceeded']).toBe(1);
  });

  it.each([
    { filesDelivered: 1 },
    { filesQuarantined: 1 },
    { skipped: [{ path: 'a', reason: '' }] },
  ])('is kept of a drain that found something: %j', async (found) => {
    const world = new RunWorld();

    await world.run({ state: 'succeeded', ...found }, { job: 'drain' });

    expect(world.stored('status/main/drain.json')).toMatchObject({ runs: 1 });
    expect(world.sent().map(({ type }) => type)).toEqual(['Drain Completed']);
  });
});

describe('a dry run', () => {
  it.each<RunState>(['succeeded', 'blocked', 'failed', 'continued'])(
    'that ended as %s asks nobody and writes nothing',
    async (state) => {
      const world = new RunWorld();

      const report = await world.run({ state }, { dryRun: true });

      expect(report.state).toBe(state);
      expect(world.requests()).toBe(0);
      expect(world.store.objects.size).toBe(0);
      expect(world.metrics).toEqual([]);
    },
  );
});

describe('a leg whose time was up', () => {
  it('asks for the next, which knows what was done', async () => {
    const world = new RunWorld();

    const report = await world.run(
      { state: 'continued', filesSent: 4, bytesSent: 40 },
      { trigger: 'schedule', confirmDeletes: 7 },
    );

    expect(world.sent().map(({ type, detail }) => ({ type, detail }))).toEqual([
      {
        type: 'Run Continuation Requested',
        detail: {
          job: 'sync',
          agent: 'main',
          trigger: 'continuation',
          confirmDeletes: 7,
          run: {
            runId: report.runId,
            trigger: 'schedule',
            leg: 2,
            startedAt: '2026-11-22T10:00:00.000Z',
            legsWithoutProgress: 0,
            totals: { ...noTotals, filesSent: 4, bytesSent: 40 },
          },
        },
      },
    ]);
    expect(world.store.objects.size).toBe(0);
  });

  it('is no success, and no failure either', async () => {
    const world = new RunWorld();

    await world.run({ state: 'continued' });

    expect(Object.keys(world.measured())).toEqual([]);
  });

  it('adds to what earlier legs did, under one id', async () => {
    const world = new RunWorld();
    await world.run({ state: 'continued', filesSent: 4 });
    const request = world.sent()[0]?.detail as JobRequest;

    const report = await world.run({ state: 'succeeded', filesSent: 3, filesDeleted: 1 }, request);

    expect(report).toMatchObject({
      runId: request.run?.runId,
      trigger: 'manual',
      legs: 2,
      filesSent: 7,
      filesDeleted: 1,
      startedAt: '2026-11-22T10:00:00.000Z',
      durationMs: 10_000,
    });
  });

  it('gives up after three that finished nothing, and says what that may mean', async () => {
    const world = new RunWorld();

    const reports = await world.runLegs(() => ({ state: 'continued' }));

    expect(reports.map(({ state }) => state)).toEqual(['continued', 'continued', 'failed']);
    expect(reports.at(-1)?.reason?.code).toBe('no-progress');
    expect(world.sent().at(-1)?.type).toBe('Sync Failed');
  });

  it('begins to count anew where one has finished something', async () => {
    const world = new RunWorld();
    const sent = [0, 0, 1, 0, 0, 0];

    const reports = await world.runLegs(() => ({
      state: 'continued',
      filesSent: sent.shift() ?? 0,
    }));

    expect(reports).toHaveLength(6);
    expect(reports.at(-1)).toMatchObject({ state: 'failed', filesSent: 1, legs: 6 });
  });

  // A retry changes the totals, and so it counts as progress in the next leg's request.
  it('gives up after three that finished nothing but asked again and again', async () => {
    const world = new RunWorld();

    const reports = await world.runLegs(() => ({ state: 'continued', apiRetries: 9 }));

    expect(reports).toHaveLength(3);
  });

  it('fails when the time of the whole run is over, and keeps what was done', async () => {
    const world = new RunWorld();

    const reports = await world.runLegs(() => ({ state: 'continued', filesSent: 1 }), 180);

    expect(reports.map(({ state }) => state)).toEqual(['continued', 'continued', 'failed']);
    expect(reports.at(-1)).toMatchObject({ reason: { code: 'timeout' }, filesSent: 3 });
    expect(reports.at(-1)?.reason?.message).toContain('180 s over 3 legs');
  });

  // Each leg measures the sum of all legs.
  it('measures what it sent, once', async () => {
    const world = new RunWorld();
    await world.runLegs(() => ({ state: 'continued', filesSent: 1 }), 120);

    const sent = world.metrics.filter(({ name }) => name === 'FilesSent');
    expect(sent.reduce((sum, { value }) => sum + value, 0)).toBe(2);
  });

  it('asks for the next also where its progress cannot be written down', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const world = new RunWorld();
    const put = world.store.put;
    world.store.put = (key, ...rest) =>
      key.startsWith('running/') ? new Promise(() => undefined) : put(key, ...rest);
    const startedAt = new Date(start).toISOString();
    const run = { runId: 'r', leg: 2, startedAt, legsWithoutProgress: 0, totals: noTotals };

    const running = world.run({ state: 'continued' }, { trigger: 'continuation', run });
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(100);
      expect(world.sent()).toHaveLength(1);
    });

    expect(await running).toMatchObject({ state: 'continued' });
    expect(world.sent()[0]).toMatchObject({ detail: { run: { leg: 3 } } });
  });

  describe('and whose next one can do nothing', () => {
    const run = {
      runId: '20261122T094500Z-0a1b2c3d',
      trigger: 'schedule' as const,
      leg: 2,
      startedAt: new Date(start).toISOString(),
      legsWithoutProgress: 0,
      totals: { ...noTotals, filesSent: 7, bytesSent: 70 },
    };
    const held = { state: 'skipped', reason: { code: 'lease-held', message: 'Run x is at work.' } };
    const over = { state: 'skipped', reason: { code: 'run-is-over', message: '' }, repeated: true };

    it.each([
      ['the lease or the credential is held', held, /leg 2: Run x is at work\. What was finished/],
      ['another run has begun and ended', over, /leg 2: another run has begun since\./],
    ])('says so where %s, with what was done before', async (_, result, words) => {
      const world = new RunWorld();

      const report = await world.run(result as JobResult, { trigger: 'continuation', run });

      expect(report).toMatchObject({
        state: 'failed',
        filesSent: 7,
        reason: { code: 'overtaken' },
      });
      expect(report.reason?.message).toMatch(words);
      expect(world.sent().map(({ type }) => type)).toEqual(['Sync Failed']);
      expect(world.measured()).toHaveProperty('RunFailed');
      const key = 'history/main/2026-11-22/20261122T094500Z-0a1b2c3d-sync.json';
      expect(world.store.text(key)).toContain('overtaken');
    });

    it.each([
      ['whose run has ended meanwhile', held, true],
      ['that is at work, for it was asked for twice', { ...held, repeated: true }, false],
    ])('says nothing of a leg %s', async (_, result, isReported) => {
      const world = new RunWorld();
      const key = 'history/main/2026-11-22/20261122T094500Z-0a1b2c3d-sync.json';
      if (isReported) await world.store.put(key, '{"its": "own"}');

      await world.run(result as JobResult, { trigger: 'continuation', run });

      expect(world.store.text(key)).toBe(isReported ? '{"its": "own"}' : undefined);
      expect(world.sent()).toEqual([]);
      expect(Object.keys(world.measured())).toEqual([]);
    });
  });

  it('is an error where the bus does not take the request for the next', async () => {
    const world = new RunWorld();
    world.events
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorMessage: 'throttled' }] });

    await expect(world.run({ state: 'continued' })).rejects.toThrow(
      'The event "Run Continuation Requested" was not accepted: throttled',
    );
  });
});

describe('the time that a job is given', () => {
  it.each([
    ['the function’s, less what saving takes', {}, {}, 880_000],
    ['that of a shorter leg', { LEG_SECONDS: '10' }, {}, 10_000],
    ['what is left of the run', {}, { timeoutSeconds: 60 }, 60_000],
  ])('is %s', async (_, env, options, expected) => {
    const world = new RunWorld();
    world.env = { ...world.env, ...env };
    let remaining = 0;

    await world.run(
      ({ budget }) => {
        remaining = budget.remaining();
        return Promise.resolve({ state: 'succeeded' });
      },
      {},
      { ...options, seconds: 0 },
    );

    expect(remaining).toBe(expected);
  });

  it('counts from the first leg', async () => {
    const world = new RunWorld();
    const startedAt = new Date(start - 50_000).toISOString();
    const run = { runId: 'r', leg: 2, startedAt, legsWithoutProgress: 0, totals: noTotals };
    let remaining = 0;

    await world.run(
      ({ budget }) => {
        remaining = budget.remaining();
        return Promise.resolve({ state: 'succeeded' });
      },
      { trigger: 'continuation', run },
      { timeoutSeconds: 60, seconds: 0 },
    );

    expect(remaining).toBe(10_000);
  });
});

describe('a report of many names', () => {
  const many = Array.from({ length: 3_000 }, (_, index) => `${index}.txt`);

  it('holds a thousand, and counts them all', async () => {
    const world = new RunWorld();

    const report = await world.run({
      state: 'partial',
      filesDelivered: 3_000,
      delivered: many,
      skipped: many.map((path) => ({ path, reason: 'no' })),
    });

    expect(report.skipped).toHaveLength(1_000);
    expect(report.skippedFiles).toBe(3_000);
    expect(report.delivered).toHaveLength(1_000);
    expect(report.filesDelivered).toBe(3_000);
  });

  it.each([
    ['long', '\u00e9'.repeat(500)],
    ['that JSON makes six times as long', '\u0001'.repeat(1_000)],
  ])('fits into an event where they are %s', async (_, name) => {
    const world = new RunWorld();
    const files = many.map(() => ({ path: name, bytes: 1 }));
    const changed = files.map((file): PlannedChange => ({ ...file, side: 'cloud' }));

    await world.run({
      state: 'blocked',
      skipped: files.map(({ path }) => ({ path, reason: `cannot take ${path}` })),
      delivered: files.map(({ path }) => path),
      plan: createPlan({ copy: changed, update: changed, delete: changed, conflict: changed }),
    });

    for (const { text } of world.sent()) {
      expect(Buffer.byteLength(text)).toBeLessThan(250 * 1_024);
    }
  });
});

describe('a partial run', () => {
  it.each([
    ['files-skipped', true],
    ['files-unreadable', true],
    ['quota-full', false],
    ['reconnect', false],
    ['rate-limited', false],
  ])('counts as a success unless everything stands still: %s', async (code, isSuccess) => {
    const world = new RunWorld();

    await world.run({ state: 'partial', reason: { code, message: 'some' } });

    expect(world.measured()).toMatchObject({ RunPartial: 1 });
    expect('RunSucceeded' in world.measured()).toBe(isSuccess);
  });
});

describe('a status that cannot be read', () => {
  it('hides no report from the bus and the history', async () => {
    const world = new RunWorld();
    await world.store.put(status, '{');

    await world.run({ state: 'succeeded' }).catch(() => undefined);

    expect(historyKeys(world)).toHaveLength(1);
    expect(world.sent().map(({ type }) => type)).toEqual(['Sync Completed']);
  });
});

describe('a request that gives its run an id', () => {
  const runId = '20261122T095959Z-0a1b2c3d';

  it('finds the report under it, on the day that the id says', async () => {
    const world = new RunWorld();

    const report = await world.run({ state: 'succeeded' }, { runId: '20261121T235959Z-0a1b2c3d' });

    expect(report.runId).toBe('20261121T235959Z-0a1b2c3d');
    expect(historyKeys(world)).toEqual([
      'history/main/2026-11-21/20261121T235959Z-0a1b2c3d-sync.json',
    ]);
  });

  it('does nothing when it comes again', async () => {
    const world = new RunWorld();
    const first = await world.run({ state: 'succeeded', filesSent: 3 }, { runId });
    let again = 0;

    const report = await world.run(
      () => {
        again++;
        return Promise.resolve({ state: 'succeeded' });
      },
      { runId },
    );

    expect(again).toBe(0);
    expect(report).toMatchObject({ state: 'skipped', reason: { code: 'run-is-over' } });
    expect(historyKeys(world)).toHaveLength(1);
    expect(world.stored(`history/main/2026-11-22/${runId}-sync.json`)).toEqual(first);
    expect(world.stored(status)).toMatchObject({ runs: 1 });
    expect(world.sent()).toHaveLength(1);
  });

  it('is another’s for another job', async () => {
    const world = new RunWorld();
    await world.run({ state: 'succeeded' }, { runId });

    const report = await world.run({ state: 'succeeded' }, { runId, job: 'backup' });

    expect(report.state).toBe('succeeded');
  });

  it('goes on in its later legs', async () => {
    const world = new RunWorld();
    await world.run({ state: 'continued', filesSent: 1 }, { runId, trigger: 'schedule' });
    const next = world.sent()[0]?.detail as JobRequest;

    const report = await world.run({ state: 'succeeded', filesSent: 1 }, next);

    expect(report).toMatchObject({ runId, trigger: 'schedule', legs: 2, filesSent: 2 });
  });

  it('gets a report of a drain that found nothing', async () => {
    const world = new RunWorld();

    await world.run({ state: 'succeeded' }, { runId, job: 'drain' });
    await world.run({ state: 'succeeded' }, { job: 'drain' });

    expect(historyKeys(world)).toEqual([`history/main/2026-11-22/${runId}-drain.json`]);
  });
});
