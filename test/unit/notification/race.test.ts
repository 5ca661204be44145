import { describe, expect, test } from 'vitest';
import { stateKeys } from '../../../functions/shared/contract/index.ts';
import { notify } from '../../../functions/shared/notification/notify.ts';
import type { Answer } from '../../../functions/shared/notification/post.ts';
import { changeState } from '../../../functions/shared/notification/state.ts';
import { answer, message, World } from './world.ts';

describe('two invocations for one agent', () => {
  test('make one request, and the loser puts its messages off', async () => {
    const world = new World();
    const stay = await Promise.all([
      world.notify(message('1', ['a'])),
      world.notify(message('2', ['b'])),
    ]);
    expect(world.requests).toHaveLength(1);
    expect(stay.flat()).toHaveLength(1);
    expect([...world.delays.values()]).toEqual([10]);
  });

  test('the second keeps away while the first is posting', async () => {
    const world = new World();
    const reached = Promise.withResolvers<undefined>();
    const slow = Promise.withResolvers<Answer>();
    world.answerTo = () => {
      reached.resolve(undefined);
      return slow.promise;
    };
    const first = world.notify(message('1', ['a']));
    await reached.promise;
    world.pass(25);
    expect(await world.notify(message('2', ['b']))).toEqual(['2']);
    expect(world.delays.get('2')).toBe(5);
    slow.resolve(answer(200));
    expect(await first).toEqual([]);
    expect(world.requests).toHaveLength(1);
  });

  test('many of them announce every file once', async () => {
    const world = new World();
    const waiting = new Set(Array.from({ length: 40 }, (_, index) => index));
    for (let round = 0; waiting.size > 0 && round < 100; round++) {
      const batches = Map.groupBy(waiting, (index) => index % 4);
      const stay = await Promise.all(
        [...batches.values()].map((batch) =>
          world.notify(...batch.map((index) => message(String(index), [`f${index}`]))),
        ),
      );
      const staying = new Set(stay.flat().map(Number));
      for (const index of waiting) if (!staying.has(index)) waiting.delete(index);
      world.pass(10);
    }
    expect(waiting.size).toBe(0);
    expect(world.requests).toHaveLength(4);
  });
});

describe('an invocation that dies between the request and its record', () => {
  async function givenADeadPoster(world: World): Promise<void> {
    const died = Promise.withResolvers<undefined>();
    world.answerTo = () => {
      died.resolve(undefined);
      return new Promise<Answer>(() => undefined);
    };
    void world.notify(message('1', ['a']));
    await died.promise;
    world.answerTo = () => answer(200);
  }

  test('holds the others up for no longer than its reservation', async () => {
    const world = new World();
    await givenADeadPoster(world);
    world.pass(29);
    expect(await world.notify(message('1', ['a']))).toEqual(['1']);
    expect(world.delays.get('1')).toBe(1);
    world.pass(1);
    expect(await world.notify(message('1', ['a']), message('2', ['b']))).toEqual(['2']);
    expect(world.requests[1]).toEqual(world.requests[0]);
  });
});

describe('the record of a request', () => {
  test('keeps what others wrote meanwhile', async () => {
    const world = new World();
    world.answerTo = async () => {
      await changeState(world.store, 'main', (state) => ({
        ...state,
        recent: [...state.recent, 'theirs'],
        reservation: { owner: 'them', until: '2026-11-22T10:00:05.000Z' },
      }));
      return answer(200);
    };
    await world.notify(message('1', ['a']));
    expect(JSON.parse(world.store.text(stateKeys.notifications('main')) ?? '')).toMatchObject({
      recent: ['theirs', 'id-of-a'],
      reservation: { owner: 'them' },
    });
  });

  test('a fault in writing it does not announce the files again', async () => {
    const world = new World();
    const dependencies = world.dependencies({
      post: () => {
        world.store.put = () => Promise.reject(new Error('no such bucket'));
        return Promise.resolve(answer(200));
      },
    });
    expect(await notify([message('1', ['a'])], dependencies)).toEqual([]);
    expect(world.log.map(({ text }) => text).join()).toContain('no such bucket');
  });

  test('a state that cannot be read is left alone, and the message is kept with the reason', async () => {
    const world = new World();
    await world.store.put(stateKeys.notifications('main'), '{"version":7}');
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    expect(world.buried.get('1')?.code).toBe('state-corrupt');
    expect(world.requests).toEqual([]);
    expect(world.store.text(stateKeys.notifications('main'))).toBe('{"version":7}');
  });
});
