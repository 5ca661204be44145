/**
 * How long it takes from a file dropped into the exchange bucket to the request that the agent's
 * gateway gets: a real deployment on the local emulator, first one drop at a time, then many at once.
 *
 * Run it with `node bench/drop-to-webhook.ts [--drops=200] [--burst=1000]`.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { agent, deployment, mailboxAgent, startWorld, type World } from '../local/world.ts';
import { machine, option, quantile, table } from './measure.ts';

const drops = Number(option('drops', '200'));
const burst = Number(option('burst', '1000'));
const patienceMs = 60_000;
/** Webhooks are over when none has come for this long. */
const quietMs = 8_000;

const webhooks = new EventEmitter();
const world = await startWorld({
  configure: (places) => {
    const settings = mailboxAgent(places);
    const webhook = { ...settings['webhook'], window: 0 };
    // No scheduled cycle comes between: interval 0 is manual only.
    const sync = { ...settings['sync'], interval: 0 };
    return { deployment, agents: { [agent]: { ...settings, sync, webhook } } };
  },
  onStep: (step) => {
    console.error(step);
  },
  onWebhook: (request) => webhooks.emit('request', request.at, request.body),
});
try {
  await oneByOne(world);
  await allAtOnce(world);
} finally {
  await world.stop();
}

async function oneByOne(place: World): Promise<void> {
  const taken: number[] = [];
  // The first two start the functions' processes and are not counted.
  for (let n = -2; n < drops; n++) {
    const name = `single-${n + 2}.txt`;
    const arrived = webhookAbout(name);
    const start = Date.now();
    await place.put('exchange', `${agent}/_outbox/${name}`, `drop ${n}`);
    const at = await arrived;
    if (n >= 0) taken.push(at - start);
    // Drops come when they come: not in step with the emulator's looks at its queues.
    await sleep(Math.random() * 1_000);
  }
  console.log(`\n${machine()}\n\n${drops} drops, one at a time\n`);
  const shares: [string, number][] = [
    ['fastest', 0],
    ['median', 0.5],
    ['90 %', 0.9],
    ['99 %', 0.99],
    ['slowest', 1],
  ];
  const row = shares.map(([, share]) => quantile(taken, share).toFixed(0));
  console.log(
    table(['ms from the drop to the webhook', ...shares.map(([name]) => name)], [['', ...row]]),
  );
}

/** Time at which a webhook names the file. */
async function webhookAbout(name: string): Promise<number> {
  const signal = AbortSignal.timeout(patienceMs);
  for (;;) {
    const [at, body] = (await once(webhooks, 'request', { signal })) as [number, string];
    if (body.includes(name)) return at;
  }
}

async function allAtOnce(place: World): Promise<void> {
  const runsBefore = (await drainRuns(place)).length;
  const webhooksBefore = place.gateway.requests.length;
  const start = Date.now();
  await dropAll(place);
  const droppedMs = Date.now() - start;
  await until(async () => (await delivered(place)).length === burst);
  const deliveredMs = Date.now() - start;
  await until(() => Date.now() - (place.gateway.requests.at(-1)?.at ?? 0) > quietMs);
  const posts = place.gateway.requests.slice(webhooksBefore);
  const announced = posts.map(({ body }) => filesIn(body)).reduce((sum, files) => sum + files, 0);
  const waiting = await place.keys('exchange', `${agent}/_outbox/burst-`);
  console.log(`\n${burst} drops at once\n`);
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  console.log(
    table(
      ['', ''],
      [
        ['until the last one was put, s', seconds(droppedMs)],
        ['until all were in the inbox, s', seconds(deliveredMs)],
        ['until the last webhook, s', seconds((posts.at(-1)?.at ?? NaN) - start)],
        ['drain runs that delivered', String((await drainRuns(place)).length - runsBefore)],
        ['webhooks', String(posts.length)],
        ['files that they announced', String(announced)],
        ['drops left in the outbox', String(waiting.length)],
      ],
    ),
  );
}

async function dropAll(place: World): Promise<void> {
  const names = Array.from({ length: burst }, (_, n) => `burst-${String(n).padStart(4, '0')}.txt`);
  const workers = Array.from({ length: 32 }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await place.put('exchange', `${agent}/_outbox/${name}`, name);
    }
  });
  await Promise.all(workers);
}

function delivered(place: World): Promise<string[]> {
  return place.keys('workspace', `${agent}/workspace/_inbox/burst-`);
}

/** Drains that found nothing leave no history. */
async function drainRuns(place: World): Promise<string[]> {
  return (await place.keys('state', `history/${agent}/`)).filter((key) =>
    key.endsWith('-drain.json'),
  );
}

/** A webhook names five files at most, and counts the others: `… and 95 more`. */
function filesIn(body: string): number {
  const { text } = JSON.parse(body) as { text: string };
  const named = text.match(/burst-\d+\.txt/g)?.length ?? 0;
  return named + Number(/ and (\d+) more$/.exec(text)?.[1] ?? 0);
}

async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10 * patienceMs;
  while (!(await isReached())) {
    if (Date.now() > deadline) throw new Error('It took too long to be measured.');
    await sleep(250);
  }
}
