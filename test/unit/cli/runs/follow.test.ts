import { expect, it } from 'vitest';
import { followRun, type Followed } from '../../../../cli/runs/follow.ts';
import type { RunWatch } from '../../../../cli/runs/watch.ts';
import type { Shell } from '../../../../cli/shell.ts';
import type { RunningRecord } from '../../../../functions/shared/contract/index.ts';
import { givenReport } from '../report/report.ts';

const report = givenReport();

it('answers the report once it is there', async () => {
  const { followed } = given({ reportAfterMs: 5_000 });
  expect(await followed).toEqual({ report });
});

it('tells of a silent run, goes on waiting, and gives it up in the end', async () => {
  const { followed, said } = given({ patience: { tell: 60_000, giveUp: 150_000 } });
  await expect(followed).rejects.toMatchObject({ code: 'run-silent' });
  const told = said.filter((text) => text.includes('still waiting'));
  expect(told).toHaveLength(2);
  expect(told[0]).toContain('LOGS');
  expect(told[0]).toContain('STATUS');
});

it('is patient with a run that says that it works', async () => {
  const { followed, said } = given({ speaks: true, reportAfterMs: 600_000 });
  expect(await followed).toEqual({ report });
  expect(said.filter((text) => text.includes('still waiting'))).toEqual([]);
});

it('does not wait for the report of a run that has ended without one', async () => {
  const { followed } = given({ speaks: true, state: 'ended' });
  await expect(followed).rejects.toMatchObject({ code: 'no-report' });
});

it('leaves the run alone at Ctrl-C', async () => {
  const { followed } = given({ interruptAfterMs: 3_000 });
  expect(await followed).toEqual({ detached: true });
});

interface Given {
  reportAfterMs?: number;
  interruptAfterMs?: number;
  speaks?: boolean;
  state?: RunningRecord['state'];
  patience?: { tell: number; giveUp: number };
}

/** A run in a time that passes only while somebody sleeps. */
function given({ reportAfterMs = Infinity, interruptAfterMs = Infinity, ...run }: Given): {
  followed: Promise<Followed>;
  said: string[];
} {
  let now = 0;
  let interrupt = (): void => undefined;
  const said: string[] = [];
  const shell: Shell = {
    out: () => undefined,
    say: (text) => void said.push(text),
    env: {},
    clock: {
      now: () => now,
      sleep: (ms) => {
        now += ms;
        if (now >= interruptAfterMs) interrupt();
        return Promise.resolve();
      },
    },
    isWatched: false,
    canAsk: false,
    columns: 80,
    onInterrupt: (callback) => {
      interrupt = callback;
      return () => undefined;
    },
  };
  const spokenAt = (): number => (run.state === 'ended' ? 0 : now);
  const watch: RunWatch = {
    runId: report.runId,
    report: () => Promise.resolve(now >= reportAfterMs ? report : undefined),
    record: () => Promise.resolve(run.speaks ? record(spokenAt(), run.state) : undefined),
  };
  const commands = { follow: 'FOLLOW', logs: 'LOGS', status: 'STATUS' };
  const patience = run.patience ? { patience: run.patience } : {};
  return {
    followed: followRun(watch, { shell, title: 'sync of main', commands, ...patience }),
    said,
  };
}

function record(at: number, state: RunningRecord['state'] = 'running'): RunningRecord {
  const time = new Date(at).toISOString();
  const { job, agent, runId, trigger } = report;
  const identity = { job, agent, runId, trigger, leg: 1, startedAt: time };
  return { version: 1, ...identity, updatedAt: time, state, done: { files: 1, bytes: 1 } };
}
