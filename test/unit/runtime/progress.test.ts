import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningRecord } from '../../../functions/shared/contract/index.ts';
import { meterFor, type RunningMeter } from '../../../functions/shared/runtime/progress.ts';
import type { ObjectStore } from '../../../functions/shared/state/object-store.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

const startedAt = '2026-11-22T10:00:00.000Z';
const key = 'running/main/sync.json';

/** A store that counts, and may be out of order. */
class CountingStore {
  writes = 0;
  isBroken = false;
  isHanging = false;
  readonly #memory = new MemoryObjectStore();

  get = (name: string): ReturnType<ObjectStore['get']> => this.#memory.get(name);
  delete = (name: string): Promise<void> => this.#memory.delete(name);
  put: ObjectStore['put'] = (...write) => {
    this.writes++;
    if (this.isHanging) return new Promise(() => undefined);
    return this.isBroken
      ? Promise.reject(new Error('the store is away'))
      : this.#memory.put(...write);
  };

  record(): RunningRecord | undefined {
    const text = this.#memory.text(key);
    return text === undefined ? undefined : (JSON.parse(text) as RunningRecord);
  }
}

let store: CountingStore;
let warnings: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(startedAt) });
  store = new CountingStore();
  warnings = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function givenMeter({ leg = 1, before = { files: 0, bytes: 0 } } = {}): RunningMeter {
  const quiet = (): void => undefined;
  const warn = (message: string): void => void warnings.push(message);
  return meterFor(
    { job: 'sync', agent: 'main', runId: 'run', trigger: 'manual', leg, startedAt, before },
    {
      store,
      clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
      log: { debug: quiet, info: quiet, warn, error: quiet },
    },
  );
}

/** A promise of which one can see whether it is over. */
function givenWatched(promise: Promise<void>): { isOver: boolean } {
  const watched = { isOver: false };
  void promise.then(() => (watched.isOver = true));
  return watched;
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a progress meter', () => {
  it('costs nothing for a run that is over within two seconds', async () => {
    const meter = givenMeter();
    meter.doing('copying');
    await pass(1_900);
    await meter.end('ended');
    await pass(60_000);
    expect(store.writes).toBe(0);
  });

  it('says nothing of a run that has not begun to do anything: another may be at work', async () => {
    const meter = givenMeter();
    await pass(30_000);
    await meter.end('ended');
    expect(store.writes).toBe(0);
  });

  it('writes after two seconds, every four, and at the end', async () => {
    const meter = givenMeter();
    meter.doing('copying to the cloud folder');
    meter.left({ files: 10, bytes: 100 });
    await pass(2_000);
    expect(store.record()).toEqual({
      version: 1,
      job: 'sync',
      agent: 'main',
      runId: 'run',
      trigger: 'manual',
      leg: 1,
      startedAt,
      updatedAt: '2026-11-22T10:00:02.000Z',
      state: 'running',
      doing: 'copying to the cloud folder',
      done: { files: 0, bytes: 0 },
      total: { files: 10, bytes: 100 },
    });
    meter.done({ files: 3, bytes: 30 });
    await pass(3_900);
    expect(store.writes).toBe(1);
    await pass(100);
    expect(store.record()).toMatchObject({ done: { files: 3, bytes: 30 } });
    meter.done({ files: 7, bytes: 70 });
    await meter.end('ended');
    expect(store.record()).toMatchObject({ state: 'ended', done: { files: 10, bytes: 100 } });
    expect(store.writes).toBe(3);
    await pass(60_000);
    expect(store.writes).toBe(3);
  });

  it('goes on with what earlier legs have done, and takes their word back however short it is', async () => {
    const meter = givenMeter({ leg: 2, before: { files: 4, bytes: 40 } });
    meter.doing('copying');
    meter.left({ files: 6, bytes: 60 });
    meter.done({ files: 6, bytes: 60 });
    await meter.end('between-legs');
    expect(store.record()).toMatchObject({
      state: 'between-legs',
      leg: 2,
      done: { files: 10, bytes: 100 },
      total: { files: 10, bytes: 100 },
    });
  });

  it('lets no failing write fail the run', async () => {
    store.isBroken = true;
    const meter = givenMeter();
    meter.doing('copying');
    await pass(10_000);
    await meter.end('ended');
    expect(store.writes).toBeGreaterThan(1);
    expect(warnings).toContain('the progress of the run could not be written down');
  });

  it.each(['between-legs', 'ended'] as const)(
    'holds no run up for longer than two seconds where a write hangs: %s',
    async (state) => {
      store.isHanging = true;
      const meter = givenMeter();
      meter.doing('copying');
      await pass(2_000);
      const end = givenWatched(meter.end(state));

      await pass(1_900);
      expect(end.isOver).toBe(false);
      await pass(100);

      expect(end.isOver).toBe(true);
      expect(warnings).toEqual(['the progress of the run takes long to be written down']);
    },
  );

  it('says no last word that one still on its way could replace', async () => {
    store.isHanging = true;
    const meter = givenMeter();
    meter.doing('copying');
    await pass(2_000);
    store.isHanging = false;

    const end = meter.end('ended');
    await pass(60_000);
    await end;

    expect(store.writes).toBe(1);
    expect(store.record()).toBeUndefined();
  });

  it('holds no run up for longer than two seconds where its last word hangs', async () => {
    const meter = givenMeter({ leg: 2 });
    store.isHanging = true;
    const end = givenWatched(meter.end('ended'));

    await pass(2_000);

    expect(end.isOver).toBe(true);
  });

  it('goes on when the store answers again', async () => {
    store.isHanging = true;
    const meter = givenMeter();
    meter.doing('copying');
    await pass(4_000);
    store.isHanging = false;

    await pass(4_000);
    expect(store.record()).toMatchObject({ state: 'running' });
    await meter.end('ended');
    expect(store.record()).toMatchObject({ state: 'ended' });
  });

  it('never shows more done than there is to do', async () => {
    const amount = fc.record({ files: fc.nat(1_000), bytes: fc.nat(1_000_000) });
    const step = fc.oneof(
      amount.map((done) => ({ done })),
      amount.map((left) => ({ left })),
      amount.map((total) => ({ total })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const meter = givenMeter({ leg: 2 });
        const done = { files: 0, bytes: 0 };
        for (const one of steps) {
          if ('done' in one) {
            meter.done(one.done);
            done.files += one.done.files;
            done.bytes += one.done.bytes;
          } else if ('left' in one) meter.left(one.left);
          else meter.total(one.total);
        }
        await meter.end('ended');
        const record = store.record();
        expect(record?.done).toEqual(done);
        if (!record?.total) return;
        expect(record.total.files).toBeGreaterThanOrEqual(done.files);
        expect(record.total.bytes).toBeGreaterThanOrEqual(done.bytes);
      }),
    );
  });
});
