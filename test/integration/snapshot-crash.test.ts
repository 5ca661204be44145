import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../functions/shared/contract/index.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { snapshotsOfOwn, type World } from '../../local/world.ts';
import type { Fault, Passing } from '../fixtures/fault-proxy.ts';
import { HandlerProcess } from './handler-process.ts';
import { givenAgents } from './mailbox-world.ts';
import { hashesOf, SnapshotAgent } from './snapshot-world.ts';

/** Where a process is killed: at the first request of this kind. */
interface Moment {
  agent: string;
  what: string;
  job: Job;
  fault: Exclude<Fault, 'none'>;
  at: (passing: Passing) => boolean;
  /** Snapshots that there are afterwards, beside the one taken before. */
  snapshots: number;
}

const request =
  (method: string, ...parts: string[]) =>
  (passing: Passing): boolean =>
    passing.method === method && parts.every((part) => passing.url.includes(part));

const moments: Moment[] = [
  {
    agent: 'b1',
    what: 'a file is read',
    job: 'backup',
    fault: 'before',
    at: request('GET', '/workspace/a.md'),
    snapshots: 0,
  },
  {
    agent: 'b2',
    what: 'an upload has begun',
    job: 'backup',
    fault: 'after',
    at: request('POST', '.tar.zst', '?uploads'),
    snapshots: 0,
  },
  {
    agent: 'b3',
    what: 'a part is sent',
    job: 'backup',
    fault: 'before',
    at: request('PUT', '.tar.zst', 'partNumber=2'),
    snapshots: 0,
  },
  {
    agent: 'b4',
    what: 'the upload is completed',
    job: 'backup',
    fault: 'after',
    at: request('POST', '.tar.zst', 'uploadId='),
    snapshots: 0,
  },
  {
    agent: 'b5',
    what: 'the list of files is written',
    job: 'backup',
    fault: 'after',
    at: request('PUT', '.files.zst'),
    snapshots: 0,
  },
  {
    agent: 'b6',
    what: 'the checkpoint is written',
    job: 'backup',
    fault: 'after',
    at: request('PUT', '/backups/', 'checkpoint'),
    snapshots: 0,
  },
  {
    agent: 'b7',
    what: 'the manifest is to be written',
    job: 'backup',
    fault: 'before',
    at: request('PUT', '.manifest.json'),
    snapshots: 0,
  },
  {
    agent: 'b8',
    what: 'the manifest is written',
    job: 'backup',
    fault: 'after',
    at: request('PUT', '.manifest.json'),
    snapshots: 1,
  },
  {
    agent: 'b9',
    what: 'the report is written',
    job: 'backup',
    fault: 'before',
    at: request('PUT', '/history/'),
    snapshots: 1,
  },
  {
    agent: 'v1',
    what: 'a verification is recorded',
    job: 'verify',
    fault: 'before',
    at: request('PUT', '.verified-'),
    snapshots: 0,
  },
  {
    agent: 'r1',
    what: 'a file is restored',
    job: 'restore',
    fault: 'after',
    at: request('PUT', '/restored/'),
    snapshots: 0,
  },
];

/** Seconds that a killed function had: its lease expires soon after. */
const functionSeconds = 8;
const untilTakenMs = (functionSeconds + 11) * 1_000;

const files = {
  'workspace/a.md': 'a',
  'workspace/large.bin': randomBytes(9 * 1024 * 1024),
  'workspace/z.md': 'z',
};

describe('a snapshot job that is killed', () => {
  let world: World;
  const killed = new Map<string, boolean>();
  const whileHeld = new Map<string, unknown>();
  const agentOf = (name: string): SnapshotAgent => new SnapshotAgent(world, name);

  beforeAll(async () => {
    const backup = snapshotsOfOwn;
    world = await givenAgents(
      Object.fromEntries(
        moments.map(({ agent }) => [agent, { sync: { provider: 'off' }, backup }]),
      ),
    );
    const processes = new HandlerProcess(world);
    await inParallel(2, moments, async ({ agent, job }) => {
      await agentOf(agent).given(files);
      if (job !== 'backup') await agentOf(agent).run('backup');
    });
    await inParallel(2, moments, async ({ agent, job, fault, at }) => {
      let struck = false;
      const decide = (passing: Passing): Fault => {
        if (struck || !at(passing)) return 'none';
        struck = true;
        return fault;
      };
      const env = { FUNCTION_TIMEOUT_SECONDS: String(functionSeconds) };
      const end = await processes.run(job, { agent }, decide, env);
      killed.set(agent, end.killed);
      // The others wait for the lease, and so for its end.
      if (job === 'backup') whileHeld.set(agent, await agentOf(agent).run(job));
    });
    await sleep(untilTakenMs);
  }, 300_000);
  afterAll(() => world.stop());

  it.concurrent.each(moments)(
    'when $what: $agent has no snapshot that is not whole, and goes on',
    async ({ agent: name, job, snapshots }) => {
      const agent = agentOf(name);
      const before = job === 'backup' ? 0 : 1;
      expect(killed.get(name)).toBe(true);
      const held = { reason: { code: 'lease-held' } };
      if (job === 'backup') expect(whileHeld.get(name)).toMatchObject(held);
      expect((await agent.run('list')).snapshots).toHaveLength(before + snapshots);

      expect(await agent.run(job)).toMatchObject({ state: 'succeeded' });

      expect(await agent.run('verify')).toMatchObject({ state: 'succeeded', filesVerified: 3 });
      const restore = await agent.run('restore');
      expect(await agent.restored(restore)).toEqual(hashesOf(files));
    },
  );
});
