/** The tour: what the product does, done for real, and every claim checked by comparing bytes. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookRequest } from './gateway.ts';
import { agent, type World } from './world.ts';

/** Where the tour says what happens. */
export interface Timeline {
  /** A heading. */
  part: (title: string) => void;
  /** Something that happened now. */
  event: (text: string) => void;
  /** A claim that has been checked. */
  proven: (text: string) => void;
}

/** A claim that did not hold. */
export class ClaimError extends Error {
  override name = 'ClaimError';
}

const workspaceFiles: Record<string, string> = {
  'README.md': '# Notes of the agent\n',
  'reports/2026-11.csv': 'day,total\n22,17\n',
  'projects/foo/_inbox/plan.txt': 'a nested _inbox is an ordinary folder\n',
};

/** How long the tour waits: a schedule fires at most once a minute. */
const scheduleMs = 100_000;
const deliveryMs = 20_000;

/** Runs every part in turn. @throws ClaimError that says which claim failed. */
export async function runTour(world: World, timeline: Timeline): Promise<void> {
  await pushPart(world, timeline);
  await dropPart(world, timeline);
  await outboxPart(world, timeline);
  await guardPart(world, timeline);
  await snapshotPart(world, timeline);
}

async function pushPart(world: World, { part, event, proven }: Timeline): Promise<void> {
  part('The workspace goes up to the cloud folder');
  for (const [path, text] of Object.entries(workspaceFiles)) {
    await world.put('workspace', `${agent}/workspace/${path}`, text);
  }
  event(`the agent wrote ${Object.keys(workspaceFiles).join(', ')}`);
  const report = await runSync(world);
  event(`sync ${report.state}: ${report.filesSent} files, ${report.bytesSent} bytes sent`);
  for (const [path, text] of Object.entries(workspaceFiles)) {
    const there = await readFile(join(world.cloud.folder, path), 'utf8').catch(() => undefined);
    claim(there === text, `${path} in the cloud folder is what the agent wrote`);
  }
  claim(existsSync(join(world.cloud.folder, '_outbox')), '_outbox was made in the cloud folder');
  proven(
    `${Object.keys(workspaceFiles).length} files are the same, byte for byte; _outbox was made`,
  );
}

async function dropPart(world: World, { part, event, proven }: Timeline): Promise<void> {
  part('A file dropped into S3 reaches the agent and wakes it');
  // The first drop of a deployment meets sleeping functions; the second shows the usual time.
  for (const name of ['first report.pdf', 'second report.pdf']) {
    const text = `%PDF ${name}\n`;
    const since = Date.now();
    await world.put('exchange', `${agent}/_outbox/${name}`, text);
    event(`dropped "${name}"`);
    const request = await webhookNaming(world, name, since, deliveryMs);
    event(`webhook POST ${request.path} after ${request.at - since} ms: ${textOf(request)}`);
    await expectInbox(world, name, text);
    const left = await world.keys('exchange', `${agent}/_outbox/${name}`);
    claim(left.length === 0, `"${name}" was taken out of the drop folder`);
  }
  proven('both arrived byte for byte, each with a receipt; the drop folder is empty');
}

async function outboxPart(world: World, { part, event, proven }: Timeline): Promise<void> {
  part('A file put into _outbox of the cloud folder arrives by the schedule');
  const name = 'from my laptop.txt';
  const text = 'put there by hand\n';
  const since = Date.now();
  await writeFile(join(world.cloud.folder, '_outbox', name), text);
  event(`"${name}" lies in _outbox; the schedule runs every minute`);
  const request = await webhookNaming(world, name, since, scheduleMs);
  event(
    `webhook POST ${request.path} after ${((request.at - since) / 1_000).toFixed(1)} s: ${textOf(request)}`,
  );
  await expectInbox(world, name, text);
  await until(
    () => !existsSync(join(world.cloud.folder, '_outbox', name)),
    deliveryMs,
    `"${name}" left _outbox`,
  );
  proven('it arrived byte for byte and is gone from _outbox');
}

async function guardPart(world: World, { part, event, proven }: Timeline): Promise<void> {
  part('An emptied workspace does not empty the cloud folder');
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  for (const path of Object.keys(workspaceFiles)) {
    const target = {
      Bucket: world.outputs['WorkspaceBucketName'],
      Key: `${agent}/workspace/${path}`,
    };
    await world.s3.send(new DeleteObjectCommand(target));
  }
  event('every file of the workspace was deleted');
  const report = await runSync(world);
  event(`sync ${report.state}: ${report.reason?.message ?? ''}`);
  claim(report.state === 'blocked', 'the run is blocked');
  for (const [path, text] of Object.entries(workspaceFiles)) {
    const there = await readFile(join(world.cloud.folder, path), 'utf8').catch(() => undefined);
    claim(there === text, `${path} is still in the cloud folder`);
    await world.put('workspace', `${agent}/workspace/${path}`, text);
  }
  proven('nothing was changed; the files were put back');
}

async function snapshotPart(world: World, { part, event, proven }: Timeline): Promise<void> {
  part('An encrypted snapshot is taken, read back and restored');
  const backup = await run(world, 'backup');
  const { snapshot } = backup;
  claim(backup.state === 'succeeded' && snapshot !== undefined, 'the backup succeeded');
  event(
    `backup ${backup.state}: snapshot ${snapshot.id}, ${snapshot.files} files of ${snapshot.bytes} bytes`,
  );
  const stored = await world.keys('snapshot', `${agent}/`);
  for (const key of stored) event(`stored ${key.slice(agent.length + 1)}`);
  const sealed = await Promise.all(stored.map((key) => world.get('snapshot', key)));
  const names = Object.keys(workspaceFiles).filter((name) => name.includes('/'));
  const leaks = sealed.some((bytes) => names.some((name) => bytes?.includes(name)));
  claim(!leaks, 'no name of a file can be read in what is stored');
  const verification = await run(world, 'verify');
  event(`verify ${verification.state}: ${verification.filesVerified} files read back`);
  claim(verification.state === 'succeeded', 'the snapshot reads back');
  const restore = await run(world, 'restore', { snapshot: snapshot.id });
  event(`restore ${restore.state}: ${restore.filesRestored} files to ${restore.restoredTo ?? ''}`);
  claim(restore.state === 'succeeded', 'the restore succeeded');
  const folder = (restore.restoredTo ?? '').replace(/^s3:\/\/[^/]+\//, '');
  for (const path of Object.keys(workspaceFiles)) {
    const [live, restored] = await Promise.all([
      world.get('workspace', `${agent}/workspace/${path}`),
      world.get('workspace', `${folder}workspace/${path}`),
    ]);
    claim(live !== undefined && restored?.equals(live) === true, `${path} came back as it was`);
  }
  proven('no name of a file shows in the bucket; every file came back, byte for byte');
}

interface SnapshotReport {
  state: string;
  snapshot?: { id: string; files: number; bytes: number };
  filesVerified: number;
  filesRestored: number;
  restoredTo?: string;
}

async function run(
  world: World,
  job: 'backup' | 'verify' | 'restore',
  request: object = {},
): Promise<SnapshotReport> {
  const { error, payload } = await world.invoke(job, { agent, ...request });
  if (error) throw new ClaimError(`The ${job} function threw: ${JSON.stringify(payload)}.`);
  return payload as SnapshotReport;
}

interface Report {
  state: string;
  filesSent: number;
  bytesSent: number;
  reason?: { code: string; message: string };
}

/** A run by hand; when the schedule is at work just then, it is asked for again. */
async function runSync(world: World): Promise<Report> {
  for (;;) {
    const { error, payload } = await world.invoke('sync', { agent });
    claim(!error, `the sync function answered: ${JSON.stringify(payload)}`);
    const report = payload as Report;
    if (report.reason?.code !== 'lease-held') return report;
    await sleep(1_000);
  }
}

async function expectInbox(world: World, name: string, text: string): Promise<void> {
  const found = await world.get('workspace', `${agent}/workspace/_inbox/${name}`);
  claim(found?.toString() === text, `"${name}" in _inbox is what was dropped`);
  const receipts = await Promise.all(
    (await world.keys('workspace', `${agent}/workspace/_inbox/.receipts/`)).map((key) =>
      world.get('workspace', key),
    ),
  );
  const receipt = receipts.find((body) => body?.includes(`"name": ${JSON.stringify(name)}`));
  claim(receipt !== undefined, `there is a receipt for "${name}"`);
}

async function webhookNaming(
  world: World,
  name: string,
  since: number,
  withinMs: number,
): Promise<WebhookRequest> {
  const find = (): WebhookRequest | undefined =>
    world.gateway.requests.find((request) => request.at >= since && request.body.includes(name));
  await until(() => find() !== undefined, withinMs, `the webhook named "${name}"`);
  const found = find();
  if (!found) throw new ClaimError(`the webhook named "${name}"`);
  return found;
}

function textOf({ body }: WebhookRequest): string {
  return String((JSON.parse(body) as { text?: unknown }).text);
}

async function until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new ClaimError(`Not seen within ${withinMs / 1_000} s: ${what}.`);
    await sleep(10);
  }
}

function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ClaimError(`This does not hold: ${what}.`);
}
