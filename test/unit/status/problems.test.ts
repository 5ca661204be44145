import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runStates, type StatusProblem } from '../../../functions/shared/contract/index.ts';
import { agentStatus } from '../../../functions/shared/status/agent-status.ts';
import { namedAnchors, problemsOf } from '../../../functions/shared/status/problems.ts';
import type { AgentRecords } from '../../../functions/shared/status/records.ts';
import {
  ago,
  givenAgent,
  givenRecords,
  givenRunning,
  givenSnapshot,
  givenStatus,
  givenWebhook,
  hour,
  now,
} from './given.ts';

const problems = (records: AgentRecords, agent = givenAgent()): StatusProblem[] =>
  problemsOf(agent, records, now);

const codes = (records: AgentRecords, agent = givenAgent()): string[] =>
  problems(records, agent).map(({ code }) => code);

const week = 7 * 24 * hour;

const reason = { code: 'quota-full', message: 'There is no room.' };

describe('the problems of an agent', () => {
  it('are none where all is well', () => {
    expect(problems(givenRecords())).toEqual([]);
  });

  it('are that the webhook does not take what it is told, where there is one', () => {
    const failing = { webhook: { consecutiveFailures: 3, refused: undefined } };
    const refused = { webhook: { consecutiveFailures: 0, refused: { secretVersion: 'v' } } };
    const well = { webhook: { consecutiveFailures: 0, refused: undefined } };
    const told = givenAgent();
    told.webhook = givenWebhook();
    expect(problems(givenRecords({}, failing), told)).toEqual([
      {
        code: 'webhook-failing',
        message: expect.stringContaining('the last 3 requests') as string,
        runbook: 'a-webhook-does-not-answer',
      },
    ]);
    expect(problems(givenRecords({}, refused), told)[0]?.message).toContain('refuses the token');
    expect(codes(givenRecords({}, well), told)).toEqual([]);
    expect(codes(givenRecords({}, failing))).toEqual([]);
  });

  it('are none where a restore was asked for what there is not', () => {
    for (const code of ['nothing-matches', 'snapshot-missing']) {
      const slip = { code, message: 'There is no such thing.' };
      expect(codes(givenRecords({ restore: { lastState: 'failed', lastReason: slip } }))).toEqual(
        [],
      );
    }
  });

  it.each([
    ['sync', 'failed', 'a-sync-of-an-agent-failed'],
    ['sync', 'blocked', 'a-guard-blocked-a-sync'],
    ['sync', 'partial', 'a-sync-is-partial'],
    ['backup', 'failed', 'a-backup-of-an-agent-failed'],
    ['verify', 'failed', 'a-snapshot-could-not-be-verified'],
    ['prune', 'blocked', 'pruning-is-held-back'],
    ['restore', 'failed', 'a-restore-failed-or-was-blocked'],
  ] as const)('are that the last %s %s, in its own words', (job, lastState, runbook) => {
    const found = problems(givenRecords({ [job]: { lastState, lastReason: reason } }));
    expect(found).toEqual([
      { code: 'quota-full', message: expect.stringContaining(reason.message) as string, runbook },
    ]);
    expect(found[0]?.message).toContain(`The last ${job}`);
  });

  it('are an overdue sync, as patient as the alarm', () => {
    const late = (seconds: number): string[] =>
      codes(givenRecords({ sync: { lastSuccessAt: ago(seconds) } }));
    expect(late(hour)).toEqual([]);
    expect(late(hour + 1)).toEqual(['overdue']);
    const byHand = givenAgent({ interval: 0 });
    expect(codes(givenRecords({ sync: { lastSuccessAt: ago(90 * hour) } }), byHand)).toEqual([]);
  });

  it('are an overdue sync or backup also where the interval is longer than an alarm looks back', () => {
    const weekly = givenAgent({ interval: week }, { interval: week, verifyInterval: 0 });
    const late = (job: 'sync' | 'backup', seconds: number): string[] =>
      codes(givenRecords({ [job]: { lastSuccessAt: ago(seconds) } }), weekly);
    expect(late('sync', 3 * week)).toEqual([]);
    expect(late('sync', 3 * week + 1)).toEqual(['overdue']);
    expect(late('backup', week + 7 * hour)).toEqual([]);
    expect(late('backup', week + 7 * hour + 1)).toEqual(['overdue']);
  });

  it('are an overdue backup', () => {
    const late = (seconds: number): string[] =>
      codes(givenRecords({ backup: { lastSuccessAt: ago(seconds) } }));
    expect(late(24 * hour)).toEqual([]);
    expect(late(200 * hour)).toEqual(['overdue']);
  });

  it('are that nothing has succeeded yet', () => {
    expect(codes({ jobs: {}, deadLetters: [], unreadable: [] })).toEqual([
      'no-success-yet',
      'no-success-yet',
    ]);
  });

  it('are that no sync has succeeded yet also where no schedule starts one', () => {
    const records = givenRecords();
    records.jobs.sync = {};
    expect(codes(records, givenAgent({ interval: 0 }))).toEqual(['no-success-yet']);
    expect(codes(records, givenAgent({ provider: 'off', dropbox: undefined }))).toEqual([]);
  });

  it('are a success that is dated ahead: it would hide silence until then', () => {
    expect(codes(givenRecords({ sync: { lastSuccessAt: ago(-hour) } }))).toEqual(['overdue']);
    expect(codes(givenRecords({ sync: { lastSuccessAt: ago(-60) } }))).toEqual([]);
  });

  it('are snapshots that nobody has read back for too long', () => {
    const old = { verifiedSnapshot: givenSnapshot('good', 10 * 24 * hour) };
    expect(codes(givenRecords({ verify: old }))).toEqual(['unverified']);
    const records = givenRecords({ backup: { snapshot: givenSnapshot('young', 10 * 24 * hour) } });
    records.jobs.verify = {};
    expect(codes(records)).toEqual(['unverified']);
    expect(codes(givenRecords({ verify: old }), givenAgent({}, { verifyInterval: 0 }))).toEqual([]);
  });

  it('are that none of a month of snapshots was ever read back, however young the newest is', () => {
    const records = givenRecords({ backup: { firstSnapshotAt: ago(30 * 24 * hour) } });
    records.jobs.verify = {};
    const [problem] = problemsOf(givenAgent(), records, now);
    expect(problem?.code).toBe('unverified');
    expect(problem?.message).toContain('No snapshot is known to be good, 30 days after the first');
  });

  it('are a run that has died', () => {
    const records = givenRecords();
    records.jobs.backup = {
      status: givenStatus({ lastFinishedAt: ago(7_000), snapshot: givenSnapshot('young', hour) }),
      running: givenRunning({ job: 'backup', updatedAt: ago(200) }),
    };
    expect(codes(records)).toEqual(['run-died']);
  });

  it.each([
    ['yesterday', 24 * hour, ['run-died']],
    ['two months ago', 60 * 24 * hour, []],
  ])('are a restore that died %s: after a week nobody has to be told any more', (_, age, found) => {
    const records = givenRecords();
    const running = givenRunning({ job: 'restore', startedAt: ago(age), updatedAt: ago(age) });
    records.jobs.restore = { running };
    expect(codes(records)).toEqual(found);
  });

  it('are dead letters, a pause, and what cannot be read', () => {
    const others = {
      deadLetters: [{ queue: 'notifications' as const, messages: 2 }],
      paused: { month: '2026-11', cap: 5, used: 5.012, since: ago(60) },
      unreadable: ['status/main/sync.json'],
    };
    const found = problems(givenRecords({}, others));
    expect(found.map(({ code }) => code)).toEqual(['paused', 'unreadable', 'dead-letters']);
    expect(found[0]?.message).toContain('$5.01');
    expect(found[1]?.message).toContain('status/main/sync.json');
    expect(found[2]).toMatchObject({ runbook: 'dead-letters-notifications' });
  });

  it('say the worst first', () => {
    const records = givenRecords({
      sync: { lastState: 'partial', lastReason: { code: 'files-skipped', message: '3 files' } },
      backup: { lastState: 'failed', lastReason: reason },
    });
    expect(codes(records)).toEqual(['quota-full', 'files-skipped']);
  });

  it('do not last for ever where a person had asked', () => {
    const failed = { lastState: 'failed', lastReason: reason } as const;
    const old = { ...failed, lastFinishedAt: ago(8 * 24 * hour) };
    expect(codes(givenRecords({ restore: failed }))).toEqual(['quota-full']);
    expect(codes(givenRecords({ restore: old }))).toEqual([]);
  });

  it('are no longer those of a job that was switched off', () => {
    const records = givenRecords({ backup: { lastState: 'failed', lastReason: reason } });
    expect(codes(records, givenAgent({}, { enabled: false }))).toEqual([]);
  });

  it('are there whenever the last sync or backup did not succeed: nothing is ever kept quiet', () => {
    const state = fc.constantFrom(...runStates.filter((one) => !/continued|skipped/.test(one)));
    fc.assert(
      fc.property(state, state, fc.boolean(), (sync, backup, hasReason) => {
        const because = hasReason ? { lastReason: reason } : {};
        const records = givenRecords({
          sync: { lastState: sync, ...because },
          backup: { lastState: backup, ...because },
        });
        const { healthy } = agentStatus('home', givenAgent(), records, now);
        expect(healthy).toBe(sync === 'succeeded' && backup === 'succeeded');
      }),
    );
  });

  it('lead to headings that the runbook has', () => {
    const text = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    expect(anchors).toEqual(expect.arrayContaining([...namedAnchors]));
  });
});
