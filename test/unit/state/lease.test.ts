import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../functions/shared/clock.ts';
import { StateCorruptError } from '../../../functions/shared/state/json.ts';
import { takeLease, type Lease, type LeaseHeld } from '../../../functions/shared/state/lease.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

const start = Date.parse('2026-11-22T10:00:00Z');
const legMs = 900_000;
const skewMs = 10_000;

class World {
  readonly store = new MemoryObjectStore();
  time = start;
  readonly clock: Clock = { now: () => this.time, sleep: () => Promise.resolve() };

  /** Asks for the lease, for a leg that begins now. */
  take(
    runId: string,
    leg = 1,
    scope = 'agents/main/sync',
    onlyInherits = false,
  ): Promise<Lease | LeaseHeld> {
    const deadline = this.time + legMs;
    return takeLease(this.store, this.clock, { scope, runId, leg, deadline, onlyInherits });
  }

  /** What comes back of the next write is what the client's second try is told. */
  loseAnswerOnce(): void {
    const { put } = this.store;
    this.store.put = async (key, body, condition) => {
      this.store.put = put;
      await put(key, body, condition);
      return put(key, body, condition);
    };
  }

  /** As a leg asks that must not begin anew. */
  goOn(runId: string, leg: number): Promise<Lease | LeaseHeld> {
    return this.take(runId, leg, undefined, true);
  }

  async taken(runId: string, leg = 1, scope?: string): Promise<Lease> {
    const lease = await this.take(runId, leg, scope);
    if ('held' in lease) throw new Error(`held by ${lease.runId}`);
    return lease;
  }
}

describe('a lease', () => {
  it('is given to who asks first, until the leg is dead for certain', async () => {
    const world = new World();

    const lease = await world.taken('run-1');

    expect(lease).toMatchObject({
      scope: 'agents/main/sync',
      runId: 'run-1',
      fence: 1,
      expiresAt: '2026-11-22T10:15:00.000Z',
    });
  });

  it('says to the second who has it, and until when', async () => {
    const world = new World();
    await world.taken('run-1');

    expect(await world.take('run-2')).toEqual({
      held: true,
      runId: 'run-1',
      until: '2026-11-22T10:15:00.000Z',
    });
  });

  it('is one of its scope alone', async () => {
    const world = new World();
    await world.taken('run-1');

    expect(await world.take('run-2', 1, 'agents/other/sync')).toMatchObject({ fence: 1 });
    expect(await world.take('run-2', 1, 'agents/main/inbox')).toMatchObject({ fence: 1 });
  });

  it('is free again when it was given back', async () => {
    const world = new World();
    await (await world.taken('run-1')).release();

    expect(await world.take('run-2')).toMatchObject({ runId: 'run-2', fence: 2 });
  });

  it.each([
    ['within the time', legMs - 1, true],
    ['at the deadline', legMs, true],
    ['while clocks may differ', legMs + skewMs - 1, true],
    ['when no clock can say otherwise', legMs + skewMs, false],
  ])('of a dead holder is held or free: %s', async (_, passed, held) => {
    const world = new World();
    await world.taken('run-1');
    world.time += passed;

    expect('held' in (await world.take('run-2'))).toBe(held);
  });

  it('bears a larger number at every change of hands', async () => {
    const world = new World();
    const fences = [(await world.taken('run-1')).fence];
    world.time += legMs + skewMs;
    const second = await world.taken('run-2');
    fences.push(second.fence, (await world.taken('run-2', 2)).fence);
    await second.release();
    world.time += legMs + skewMs;
    const third = await world.taken('run-3');
    fences.push(third.fence);
    await third.release();
    fences.push((await world.taken('run-4')).fence);

    expect(fences).toEqual([1, 2, 3, 4, 5]);
  });

  it('passes to a later leg of the same run', async () => {
    const world = new World();
    await world.taken('run-1');
    world.time += 60_000;

    const second = await world.taken('run-1', 2);

    expect(second).toMatchObject({ fence: 2, expiresAt: '2026-11-22T10:16:00.000Z' });
    expect(await world.take('run-2')).toMatchObject({ held: true, runId: 'run-1' });
  });

  it.each([
    ['the same leg, asked for twice', 2],
    ['an earlier leg, asked for late', 1],
  ])('does not pass to %s', async (_, leg) => {
    const world = new World();
    await world.taken('run-1', 2);

    expect(await world.take('run-1', leg)).toMatchObject({ held: true, runId: 'run-1' });
  });

  it('is given to a later leg only out of the hands of the one before, where that is asked for', async () => {
    const world = new World();
    expect(await world.goOn('run-1', 2)).toMatchObject({ over: true });
    await world.taken('run-1');

    const second = await world.goOn('run-1', 2);

    expect(second).toMatchObject({ fence: 2 });
    expect(await world.goOn('run-1', 2)).toMatchObject({ held: true, runId: 'run-1' });
    if (!('held' in second)) await second.release();
    expect(await world.goOn('run-1', 2)).toMatchObject({ held: true, over: true });
    expect(await world.goOn('run-1', 3)).toMatchObject({ held: true, over: true });
    expect(await world.goOn('run-2', 1)).toMatchObject({ fence: 3 });
  });

  it('stays with the later leg when the earlier one gives back what it had', async () => {
    const world = new World();
    const first = await world.taken('run-1');
    await world.taken('run-1', 2);

    await first.release();

    expect(await world.take('run-2')).toMatchObject({ held: true });
  });

  it('stays with who took it from a dead holder that is not quite dead', async () => {
    const world = new World();
    const zombie = await world.taken('run-1');
    world.time += legMs + skewMs;
    await world.taken('run-2');

    await zombie.release();

    expect(await world.take('run-3')).toMatchObject({ held: true, runId: 'run-2' });
  });

  it('is ours though the answer to the write was lost, and it was refused the second time', async () => {
    const world = new World();
    for (const runId of ['run-1', 'run-2']) {
      world.loseAnswerOnce();
      const lease = await world.taken(runId);
      await lease.release();
    }

    expect((await world.taken('run-3')).fence).toBe(3);
  });

  it('may be given back twice', async () => {
    const world = new World();
    const lease = await world.taken('run-1');
    await lease.release();
    await world.taken('run-2');

    await lease.release();

    expect(await world.take('run-3')).toMatchObject({ held: true, runId: 'run-2' });
  });

  it.each([
    ['from nobody', (): Promise<void> => Promise.resolve()],
    [
      'from a dead holder',
      async (world: World): Promise<void> => {
        await world.taken('run-0');
        world.time += legMs + skewMs;
      },
    ],
    [
      'from one who gave it back',
      async (world: World): Promise<void> => (await world.taken('run-0')).release(),
    ],
  ])('is won by one of fifty who take it at once, %s', async (_, before) => {
    const world = new World();
    await before(world);

    const answers = await Promise.all(
      Array.from({ length: 50 }, (__, index) => world.take(`run-${index + 1}`)),
    );

    const winners = answers.filter((answer) => !('held' in answer));
    expect(winners).toHaveLength(1);
    for (const answer of answers) {
      if ('held' in answer) expect(answer.runId).toBe(winners[0]?.runId);
    }
  });

  it.each([['{'], ['[]'], ['{"runId":"x"}'], [''], ['null']])(
    'that cannot be read is taken by nobody: %s',
    async (text) => {
      const world = new World();
      await world.store.put('leases/agents/main/sync.json', text);

      const taking = world.take('run-1');

      await expect(taking).rejects.toThrow(StateCorruptError);
      await expect(taking).rejects.toThrow('"leases/agents/main/sync.json"');
      expect(world.store.text('leases/agents/main/sync.json')).toBe(text);
    },
  );

  // Such a time is never past: the lease would be held for ever.
  it('whose expiry cannot be read is taken by nobody', async () => {
    const world = new World();
    await world.taken('run-1');
    const record = world.store.text('leases/agents/main/sync.json') ?? '';
    const spoilt = record.replace('2026-11-22T10:15:00.000Z', 'tomorrow');
    await world.store.put('leases/agents/main/sync.json', spoilt);

    await expect(world.take('run-2')).rejects.toThrow(StateCorruptError);
  });
});
