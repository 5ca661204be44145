import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTour } from '../../local/tour.ts';
import { startWorld, type World } from '../../local/world.ts';

/** The tour of `npm start`, with its schedule of one minute: it throws when a claim does not hold. */
describe('the tour', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('proves every claim that it prints', async () => {
    const proven: string[] = [];
    const ignore = (): void => undefined;

    await runTour(world, { part: ignore, event: ignore, proven: (text) => proven.push(text) });

    expect(proven).toHaveLength(5);
  });
});
