import { describe, expect, it } from 'vitest';
import { backupStatusText } from '../../../../cli/backup/status.ts';
import { problemInWords, recoveryInWords } from '../../../../cli/status/problems.ts';
import { nextRunText, statusText } from '../../../../cli/status/text.ts';
import { needsResync } from '../../../../functions/shared/bisync/reasons.ts';
import type {
  AgentStatus,
  Job,
  StatusProblem,
} from '../../../../functions/shared/contract/index.ts';
import { parseConfig } from '../../../../functions/shared/config/index.ts';
import { problemsOf } from '../../../../functions/shared/status/problems.ts';
import type { AgentRecords } from '../../../../functions/shared/status/records.ts';
import { recoveryPoint } from '../../../../functions/shared/status/recovery-point.ts';

const now = Date.parse('2026-11-22T12:00:00.000Z');
const local = { local: true };
const deletes = {
  code: 'too-many-deletes',
  message: 'Too much goes. If that is what you want, run it once with "confirmDeletes": 3.',
};

describe('a problem of the status', () => {
  it('is told in options, with the command that lets the run go on', () => {
    const { status, problem } = givenBlocked('sync', deletes);
    expect(problemInWords(status, problem, local, now)).toEqual({
      message:
        'The last sync was blocked: Too much goes. If that is what you want, run it once with --confirm-deletes 3.',
      goOn: 'workspace-sync sync --confirm-deletes 3 --agent ann --local',
    });
  });

  it('is told so of a resync and of pruning, too', () => {
    const resync = givenBlocked('sync', needsResync('ann', 'why'));
    expect(problemInWords(resync.status, resync.problem, local, now)).toMatchObject({
      message: expect.stringContaining(
        'workspace-sync sync --resync --agent ann --local',
      ) as string,
      goOn: 'workspace-sync sync --resync --agent ann --local',
    });
    const hold = {
      code: 'anomaly-hold',
      message: 'says so: invoke prune with {"agent": "ann", "confirmAnomaly": "20261122T101500Z"}.',
    };
    const pruning = givenBlocked('prune', hold);
    expect(problemInWords(pruning.status, pruning.problem, {}, now).goOn).toBe(
      'workspace-sync backup prune --confirm-anomaly 20261122T101500Z --agent ann',
    );
  });

  it('offers no restore, of which it does not know what was asked for', () => {
    const message = 'say it with "confirm": "overwrite-live-files". Nothing was written.';
    const { status, problem } = givenBlocked('restore', { code: 'live-unconfirmed', message });
    expect(problemInWords(status, problem, {}, now).goOn).toBeUndefined();
  });

  it('leaves what a provider says as it is', () => {
    const message = `It answers ${deletes.message} at 2026-11-22T10:00:00Z`;
    const { status, problem } = givenBlocked('sync', { code: 'rclone-failed', message });
    expect(problemInWords(status, problem, local, now)).toEqual({ message: problem.message });
  });

  it('tells times as they stand everywhere else', () => {
    const jobs = {
      backup: { status: { ...ranAt('2026-11-15T12:00:00.000Z'), lastState: 'succeeded' } },
    };
    const { status, problem } = given(jobs as unknown as AgentRecords['jobs']);
    expect(problemInWords(status, problem, {}, now).message).toMatch(
      /the last did at 2026-11-15 12:00 UTC \(7 d ago\)\.$/,
    );
  });

  it('names the doctor with what it has to repeat', () => {
    const webhook = { consecutiveFailures: 3 } as AgentRecords['webhook'];
    const { status, problem } = given({}, webhook);
    expect(problem.code).toBe('webhook-failing');
    expect(problemInWords(status, problem, local, now).message).toMatch(
      /"workspace-sync doctor --agent ann --local" says why\.$/,
    );
  });

  it('stands so in what status prints', () => {
    const { status } = givenBlocked('sync', deletes);
    const said = statusText(status, now, local);
    expect(said).toContain('\n    workspace-sync sync --confirm-deletes 3 --agent ann --local\n');
    expect(said).not.toContain('confirmDeletes');
  });
});

it('says how to make a first copy with what the command has to repeat', () => {
  const text = recoveryPoint(agent(), records({}), now).text;
  const status = { agent: 'ann', recoveryPoint: { text } };
  expect(recoveryInWords(status, local, now)).toMatch(
    /: workspace-sync backup now --agent ann --local$/,
  );
});

describe('the next run', () => {
  it('is said as far as it is known', () => {
    const nextRunAt = '2026-11-22T12:05:00.000Z';
    expect(nextRunText({ interval: 300, nextRunAt }, now)).toBe('2026-11-22 12:05 UTC (in 5 min)');
    expect(nextRunText({ interval: 300, nextRunAt: undefined }, now)).toBe(
      'not yet known: within 5 min of its deployment',
    );
    expect(nextRunText({ interval: 0, nextRunAt: undefined }, now)).toBe('-');
  });

  it('of a backup is not "not scheduled" before its first one', () => {
    const jobs = [{ job: 'backup' as const, interval: 86_400, runs: 0, errors: 0 }];
    const found = { agent: 'ann', jobs, recoveryPoint: { text: '' } };
    const snapshots = { count: 0, storedBytes: 0 };
    expect(backupStatusText({ ...found, snapshots }, now, local)).toMatch(
      /next run +not yet known: within 1 d of its deployment\n/,
    );
  });
});

function agent() {
  const sync = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${T}' } };
  const backup = { enabled: true, provider: 's3' };
  const webhook = { url: 'https://example.com/hooks', token: '${HOOKS}' };
  const [found] = parseConfig({ agents: { ann: { sync, webhook, backup } } }).config.agents;
  if (!found) throw new Error('no agent');
  return found;
}

function ranAt(time: string) {
  return { lastSuccessAt: time, lastFinishedAt: time, lastRunId: 'r', runs: 1, errors: 0 };
}

function records(jobs: AgentRecords['jobs'], webhook?: AgentRecords['webhook']): AgentRecords {
  return { jobs, deadLetters: [], unreadable: [], ...(webhook ? { webhook } : {}) };
}

/** What the real status says of records, and its worst problem. */
function given(
  jobs: AgentRecords['jobs'],
  webhook?: AgentRecords['webhook'],
): { status: AgentStatus; problem: StatusProblem } {
  const problems = problemsOf(agent(), records(jobs, webhook), now);
  const facts = Object.entries(jobs).map(([job, { status }]) => ({
    ...{ job: job as Job, interval: 0, runs: 1, errors: 0 },
    last: {
      state: status?.lastState,
      ...(status?.lastReason ? { reason: status.lastReason } : {}),
    },
  }));
  const nothing = { tokens: [], deadLetters: [], recoveryPoint: { text: '' }, asOf: '' };
  const status = { ...nothing, agent: 'ann', jobs: facts, problems } as unknown as AgentStatus;
  const [problem] = problems;
  if (!problem) throw new Error('no problem');
  return { status, problem };
}

function givenBlocked(job: Job, lastReason: { code: string; message: string }) {
  const time = '2026-11-22T11:59:00.000Z';
  const status = { ...ranAt(time), lastState: 'blocked', lastReason };
  return given({ [job]: { status } });
}
