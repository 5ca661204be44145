import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobReport } from '../../../functions/shared/contract/index.ts';
import { underLease } from '../../../functions/shared/jobs/leased.ts';
import type { ObjectStore } from '../../../functions/shared/state/object-store.ts';
import { RunWorld } from '../runtime/world.ts';

const runId = '20261122T095959Z-0a1b2c3d';
const historyKey = `history/main/2026-11-22/${runId}-restore.json`;
const leaseKey = 'leases/agents/main/retained.json';

/** Restores as the function does, and counts how often it was done. */
class Restores {
  readonly world = new RunWorld();
  done = 0;
  waited = 0;

  constructor() {
    this.world.sleep = async (milliseconds) => {
      this.waited += milliseconds;
      this.world.time += milliseconds;
      await turn();
    };
  }

  ask(
    patienceMs: number,
    work: () => Promise<void> = turn,
    store: ObjectStore = this.world.store,
  ): Promise<JobReport> {
    return this.world.run(
      (context) =>
        underLease(
          context,
          'agents/main/retained',
          async () => {
            this.done++;
            await work();
            return { state: 'succeeded', filesRestored: this.done };
          },
          patienceMs,
        ),
      { job: 'restore', runId },
      { seconds: 0, store },
    );
  }

  isFree(): boolean {
    return (this.world.stored(leaseKey) as { released: boolean }).released;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Gate {
  opened: Promise<void>;
  open: () => void;
}

function givenGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return {
    opened: promise,
    open: () => {
      resolve(undefined);
    },
  };
}

/** Holds up the first of these requests to the store: `reached` when it comes, gone on when opened. */
function givenHeldUp(world: RunWorld, ask: 'get' | 'put', key: string): Gate & { reached: Gate } {
  const gate = givenGate();
  const reached = givenGate();
  const answer = world.store[ask].bind(world.store) as (...args: unknown[]) => Promise<unknown>;
  let isFirst = true;
  const heldUp = async (...args: unknown[]): Promise<unknown> => {
    const isIt = isFirst && args[0] === key;
    if (!isIt) return answer(...args);
    isFirst = false;
    const found = ask === 'get' ? await answer(...args) : undefined;
    reached.open();
    await gate.opened;
    return ask === 'get' ? found : answer(...args);
  };
  Object.assign(world.store, { [ask]: heldUp });
  return { ...gate, reached };
}

/** Asks with a store of its own over the same objects, whose answers take so many turns each. */
function askSlowly(patienceMs: number, turns: readonly number[]): Promise<JobReport> {
  const { store } = restores.world;
  let asked = 0;
  const wait = async (): Promise<void> => {
    for (let left = turns[asked++] ?? 0; left > 0; left--) await turn();
  };
  const slow: ObjectStore = {
    get: async (...read) => (await wait(), store.get(...read)),
    put: async (...write) => (await wait(), store.put(...write)),
    delete: (key) => store.delete(key),
  };
  return restores.ask(patienceMs, turn, slow);
}

let restores: Restores;

beforeEach(() => {
  restores = new Restores();
});

function expectDoneOnce(first: JobReport, second: JobReport): void {
  expect(restores.done).toBe(1);
  expect(first).toMatchObject({ state: 'succeeded', filesRestored: 1 });
  expect(second.state).toBe('skipped');
  expect(restores.world.stored(historyKey)).toEqual(first);
  expect(restores.world.sent().map(({ type }) => type)).toEqual(['Restore Completed']);
  expect(restores.isFree()).toBe(true);
}

describe.each([0, 30_000])('a request that comes twice, of a job with %i ms of patience', (ms) => {
  it('is done once where the first is at work', async () => {
    const atWork = givenGate();
    const first = restores.ask(ms, () => atWork.opened);
    await turn();

    const second = await restores.ask(ms);

    expect(second.reason?.code).toBe('lease-held');
    expect(restores.waited).toBe(0);
    atWork.open();
    expectDoneOnce(await first, second);
  });

  it('is done once where the first is over when the second has just asked for it', async () => {
    const question = givenHeldUp(restores.world, 'get', historyKey);
    const second = restores.ask(ms);
    await question.reached.opened;
    const first = await restores.ask(ms);

    question.open();

    expect((await second).reason?.code).toBe('run-is-over');
    expectDoneOnce(first, await second);
  });

  it('is done once where the first has worked and is not in the history yet', async () => {
    const report = givenHeldUp(restores.world, 'put', historyKey);
    const first = restores.ask(ms);
    await report.reached.opened;

    const second = await restores.ask(ms);

    report.open();
    expectDoneOnce(await first, second);
  });

  it('is done once however long each answer of the store takes', async () => {
    const delay = fc.oneof(fc.constant(0), fc.nat(30));
    const delays = fc.array(delay, { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(delays, delays, async (...both) => {
        restores = new Restores();

        const reports = await Promise.all(both.map((each) => askSlowly(ms, each)));

        const succeeded = ({ state }: JobReport): boolean => state === 'succeeded';
        expect(restores.done).toBe(1);
        expect(reports.filter(succeeded)).toHaveLength(1);
        expect(restores.world.stored(historyKey)).toEqual(reports.find(succeeded));
        expect(restores.isFree()).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the lease of a run that has ended', () => {
  it('is given back as soon as its report is in the history', async () => {
    const status = givenHeldUp(restores.world, 'put', 'status/main/restore.json');
    const run = restores.ask(0);
    await status.reached.opened;

    expect(restores.world.store.text(historyKey)).toBeDefined();
    expect(restores.isFree()).toBe(true);
    status.open();
    await run;
  });

  it('is given back where the report can be kept nowhere', async () => {
    const { store, events } = restores.world;
    const put = store.put;
    store.put = (key, ...rest) =>
      key === historyKey ? Promise.reject(new Error('the store is away')) : put(key, ...rest);
    events.on(PutEventsCommand).rejects(new Error('the bus is away'));

    await expect(restores.ask(0)).rejects.toThrow('is away');

    expect(restores.isFree()).toBe(true);
  });
});
