import { expect, it } from 'vitest';
import { Pace } from '../../../../functions/shared/snapshot/source/pace.ts';

/** A pace whose stopwatch advances by what each call at once is said to take. */
function givenPace(milliseconds: number[]): { ways: string[]; run: () => Promise<void> } {
  let [now, calls] = [0, 0];
  const pace = new Pace(() => now);
  const ways: string[] = [];
  const run = (): Promise<void> =>
    pace.run(
      () => {
        now += milliseconds[calls++] ?? 0;
        ways.push('at once');
      },
      () => {
        ways.push('in the background');
        return Promise.resolve();
      },
    );
  return { ways, run };
}

it('stays at once while that is quick', async () => {
  const { ways, run } = givenPace([0.01, 0.2, 0.01]);

  for (let count = 0; count < 3; count++) await run();

  expect(ways).toEqual(['at once', 'at once', 'at once']);
});

it('goes to the background after a slow call, and tries again after a hundred', async () => {
  const { ways, run } = givenPace([3, 0.01]);

  for (let count = 0; count < 103; count++) await run();

  expect(ways.slice(1, 101)).toEqual(Array.from({ length: 100 }, () => 'in the background'));
  expect([ways[0], ...ways.slice(101)]).toEqual(['at once', 'at once', 'at once']);
});

it('makes a rejection of what is thrown at once', async () => {
  const failing = new Pace().run(
    () => {
      throw new Error('not to be had');
    },
    () => Promise.resolve(),
  );

  await expect(failing).rejects.toThrow('not to be had');
});

it('counts a slow failure as slow', async () => {
  let now = 0;
  const pace = new Pace(() => now);
  const slowly = (): never => {
    now += 5;
    throw new Error('timed out');
  };

  await expect(pace.run(slowly, () => Promise.resolve(''))).rejects.toThrow('timed out');
  await expect(pace.run(slowly, () => Promise.resolve('later'))).resolves.toBe('later');
});
