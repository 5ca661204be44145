import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../../functions/shared/snapshot/archive/in-order.ts';
import { all, takeOne } from './given.ts';

async function* items(count: number, failsAtEnd = false): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield await Promise.resolve(item);
  if (failsAtEnd) throw new Error('no more items');
}

describe('inOrder', () => {
  it('keeps the order, whatever takes longest', async () => {
    const work = async (item: number): Promise<number> => wait(item % 2 === 0 ? 10 : 1, item);

    expect(await all(inOrder(3, items(6), work))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each(['the items fail', 'the work fails', 'nobody wants more'])(
    'ends when all work under way has ended, though %s',
    async (why) => {
      let underWay = 0;
      const work = async (item: number): Promise<void> => {
        underWay++;
        await wait(item === 0 ? 1 : 20);
        underWay--;
        if (item === 0 && why === 'the work fails') throw new Error('no result');
      };
      const results = inOrder(3, items(2, why === 'the items fail'), work);
      if (why === 'nobody wants more') await takeOne(results);
      else await expect(all(results)).rejects.toThrow(/^no /);

      expect(underWay).toBe(0);
    },
  );
});
