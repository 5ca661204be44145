import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobReport } from '../../functions/shared/contract/index.ts';
import { deployment, mailboxAgent, startWorld, type World } from '../../local/world.ts';
import { until } from '../fixtures/until.ts';
import { Mailbox } from './mailbox-world.ts';
import { synthesize } from './world-assembly.ts';

/** Work that is longer than a leg goes on through the event bus, in as many legs as it takes. */
describe('a push that is cut into legs', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      synthesize,
      // Long enough to list and to begin, too short for all files.
      env: { LEG_SECONDS: '3' },
      configure: (places) => {
        const { sync, webhook } = mailboxAgent(places);
        return {
          deployment,
          agents: { long: { sync: { ...sync, remotePath: 'long', interval: 0 }, webhook } },
        };
      },
    });
  });
  afterAll(() => world.stop());

  it('ends as one run, and sends what is finished once', async () => {
    const box = new Mailbox(world, 'long');
    const files = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`folder ${i % 7}/file ${i}.txt`, `text ${i}`]),
    );
    await box.givenWorkspace(files);

    const first = await box.sync();

    expect(first).toMatchObject({ state: 'continued', legs: 1 });
    expect(first.filesSent).toBeLessThan(600);
    const report = await until('the end of the run', () => lastReport(world, first.runId), 90_000);
    expect(report).toMatchObject({ state: 'succeeded', runId: first.runId });
    expect(report.legs).toBeGreaterThan(1);
    const cloud = Object.entries(await box.cloud());
    const kept = cloud.filter(([path]) => !path.startsWith('.trash/'));
    expect(Object.fromEntries(kept)).toEqual(files);
    // A file in flight when a leg ends may be sent again, and no other.
    expect(report.filesSent - 600).toBeLessThanOrEqual(16 * report.legs);
    expect((await box.sync()).filesSent).toBe(0);
  });
});

async function lastReport(world: World, runId: string): Promise<JobReport | undefined> {
  const keys = await world.keys('state', 'history/long/');
  const key = keys.find((candidate) => candidate.endsWith(`${runId}-sync.json`));
  return key === undefined
    ? undefined
    : (JSON.parse(String(await world.get('state', key))) as JobReport);
}
