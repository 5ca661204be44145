import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapAhead, oneAhead } from '../../../../functions/shared/snapshot/source/ahead.ts';

async function* numbers(upTo: number, given: number[] = []): AsyncGenerator<number, void, void> {
  for (let number = 0; number < upTo; number++) {
    given.push(number);
    await sleep(0);
    yield number;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('work ahead', () => {
  it('keeps the order, and no more than its limit under way', async () => {
    let [underWay, most] = [0, 0];
    const work = async (number: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      await sleep(10 + ((number * 7) % 5));
      underWay--;
      return number * 2;
    };

    expect(await all(mapAhead(numbers(20), 4, work))).toEqual(
      Array.from({ length: 20 }, (_, at) => at * 2),
    );
    expect(most).toBe(4);
  });

  it('throws a failure in its turn', async () => {
    const results = mapAhead(numbers(5), 4, (number) =>
      number === 2 ? Promise.reject(new Error('two')) : Promise.resolve(number),
    );

    expect((await results.next()).value).toBe(0);
    expect((await results.next()).value).toBe(1);
    await expect(results.next()).rejects.toThrow('two');
  });

  it('fetches one item while another is used, and no more', async () => {
    const given: number[] = [];
    const items = oneAhead(numbers(10, given));

    expect((await items.next()).value).toBe(0);
    await sleep(20);
    expect(given).toEqual([0, 1]);
    expect(await all(items)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
