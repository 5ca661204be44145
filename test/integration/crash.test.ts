import { setTimeout as sleep } from 'node:timers/promises';
import {
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inParallel } from '../../functions/shared/parallel.ts';
import { output, type World } from '../../local/world.ts';
import type { Fault, Passing } from '../fixtures/fault-proxy.ts';
import { HandlerProcess } from './handler-process.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

/** Where a process is killed: at the first request of this kind. */
interface Moment {
  agent: string;
  what: string;
  job: 'sync' | 'drain';
  fault: Exclude<Fault, 'none'>;
  at: (passing: Passing) => boolean;
  duringPush?: boolean;
}

const put = (part: string) => (passing: Passing) =>
  passing.method === 'PUT' && passing.url.includes(part);
const get = (part: string) => (passing: Passing) =>
  passing.method === 'GET' && passing.url.includes(part);
const call = (target: string) => (passing: Passing) => passing.target.endsWith(target);

const moments: Moment[] = [
  { agent: 'd1', what: 'a drop is read', job: 'drain', fault: 'before', at: get('/_outbox/x.txt') },
  { agent: 'd2', what: 'a drop is copied', job: 'drain', fault: 'after', at: put('/_inbox/x.txt') },
  { agent: 'd3', what: 'a drop is recorded', job: 'drain', fault: 'after', at: put('.receipts/') },
  {
    agent: 'd4',
    what: 'a drop is announced',
    job: 'drain',
    fault: 'before',
    at: call('.SendMessage'),
  },
  {
    agent: 'd5',
    what: 'a drop was announced',
    job: 'drain',
    fault: 'after',
    at: call('.SendMessage'),
  },
  {
    agent: 'd6',
    what: 'a drop is removed',
    job: 'drain',
    fault: 'before',
    at: ({ method }) => method === 'DELETE',
  },
  {
    agent: 'd7',
    what: 'a drop was removed',
    job: 'drain',
    fault: 'after',
    at: ({ method }) => method === 'DELETE',
  },
  {
    agent: 's1',
    what: 'the names are written down',
    job: 'sync',
    fault: 'after',
    at: put('/journals/'),
  },
  { agent: 's2', what: 'rclone has copied', job: 'sync', fault: 'after', at: put('/_inbox/x.txt') },
  {
    agent: 's3',
    what: 'the receipt is written',
    job: 'sync',
    fault: 'after',
    at: put('.receipts/'),
  },
  {
    agent: 's4',
    what: 'the queue was told',
    job: 'sync',
    fault: 'after',
    at: call('.SendMessage'),
  },
  {
    agent: 's5',
    what: 'rclone reads the workspace',
    job: 'sync',
    fault: 'before',
    at: get('/workspace/f1.txt'),
    duringPush: true,
  },
  {
    agent: 's6',
    what: 'the manifest is written',
    job: 'sync',
    fault: 'before',
    at: put('/manifests/'),
    duringPush: true,
  },
];

/** Seconds that a killed function had: its lease expires soon after. */
const functionSeconds = 10;

/** The lease of a killed leg expires at its hard deadline, and is taken ten seconds later. */
const untilTakenMs = (functionSeconds + 11) * 1_000;

describe('a process that is killed', () => {
  let world: World;
  let processes: HandlerProcess;
  const killed = new Map<string, boolean>();
  const whileHeld = new Map<string, unknown>();

  beforeAll(async () => {
    world = await givenAgents(
      Object.fromEntries(moments.map(({ agent }) => [agent, { sync: { settle: 0 } }])),
    );
    processes = new HandlerProcess(world);
    await stopDrainingByEvents(world);
    await inParallel(4, moments, (moment) => prepare(new Mailbox(world, moment.agent), moment));
    await inParallel(2, moments, kill);
    await sleep(untilTakenMs);
  }, 300_000);
  afterAll(() => world.stop());

  async function kill({ agent, job, fault, at }: Moment): Promise<void> {
    let struck = false;
    const decide = (passing: Passing): Fault => {
      if (struck || !at(passing)) return 'none';
      struck = true;
      return fault;
    };
    const env = { FUNCTION_TIMEOUT_SECONDS: String(functionSeconds) };
    const end = await processes.run(job, { agent }, decide, env);
    killed.set(agent, end.killed);
    const { payload } = await world.invoke(job, { agent });
    whileHeld.set(agent, payload);
  }

  it.concurrent.each(moments)(
    'when $what: $agent loses nothing and repeats nothing',
    async ({ agent, job, duringPush }) => {
      const box = new Mailbox(world, agent);
      expect(killed.get(agent)).toBe(true);
      expect(whileHeld.get(agent)).toMatchObject({
        state: 'skipped',
        reason: { code: 'lease-held' },
      });

      const recovered = await world.invoke(job, { agent });

      expect(recovered.payload).toMatchObject({ state: 'succeeded' });
      expect(await box.inbox()).toEqual({ 'x.txt': `content of ${agent}` });
      expect(await box.receipts()).toHaveLength(1);
      expect(await box.dropsLeft()).toEqual([]);
      if (job === 'sync') {
        const cloud = Object.entries(await box.cloud());
        const [trashed, files] = [true, false].map((inTrash) =>
          cloud.filter(([path]) => path.startsWith('.trash/') === inTrash),
        );
        expect(Object.fromEntries(files ?? [])).toEqual({ 'f1.txt': 'one', 'f2.txt': 'two' });
        // What a dead run has pushed is sent again only where it could not write down that it had.
        if (!duringPush) expect(trashed).toEqual([]);
      }
      await box.expectWebhook('x.txt');
      await world.invoke(job, { agent });
      await sleep(1_500);
      expect(box.webhooks()).toHaveLength(1);
      expect(Object.keys(await box.inbox())).toEqual(['x.txt']);
    },
  );
});

async function prepare(box: Mailbox, { job }: Moment): Promise<void> {
  if (job === 'drain') {
    await box.drop('x.txt', `content of ${box.agent}`);
    return;
  }
  await box.givenWorkspace({ 'f1.txt': 'one', 'f2.txt': 'two' });
  await box.givenCloud({ '_outbox/x.txt': `content of ${box.agent}` });
}

/** The deployed function must not do the work before the process that is to be killed. */
async function stopDrainingByEvents({ lambda, outputs }: World): Promise<void> {
  const FunctionName = output(outputs, 'DrainFunctionName');
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName }),
  );
  for (const { UUID } of EventSourceMappings) {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  }
}
