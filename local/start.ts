/**
 * `npm start`: the product on this machine. Deploys for real onto the local AWS emulator, shows a
 * timeline, checks what it claims, and stays until Ctrl-C; with `--once` it ends after the tour, with
 * `--empty` there is no deployment yet: for trying `workspace-sync setup --local`.
 */
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmptyWorld } from './empty.ts';
import { asGateway } from './gateway.ts';
import { runningSession, sessionFile, tellSession } from './session.ts';
import { ClaimError, runTour, type Timeline } from './tour.ts';
import { agent, deployment, output, startWorld, type World } from './world.ts';

const started = Date.now();

function stamp(): string {
  return `${((Date.now() - started) / 1_000).toFixed(1).padStart(6)} s`;
}

const timeline: Timeline = {
  part: (title) => {
    console.log(`\n${title}`);
  },
  event: (text) => {
    console.log(`  ${stamp()}  ${text}`);
  },
  proven: (text) => {
    console.log(`  ${stamp()}  proven: ${text}`);
  },
};

const usage = `Usage: npm start [-- --once | --empty]
  --once    runs the tour, checks every claim that it prints, and ends: 0 when all hold, else 1
  --empty   starts the emulator, the cloud folder and the gateway, and deploys nothing`;

async function main(args: string[]): Promise<number> {
  const unknown = args.filter((arg) => !['--once', '--empty', '--help'].includes(arg));
  if (unknown.length > 0 || args.includes('--help')) {
    if (unknown.length > 0) console.error(`Unknown: ${unknown.join(' ')}`);
    console.log(usage);
    return unknown.length > 0 ? 2 : 0;
  }
  // The tour of `--once` is nobody else's business, and may run beside another.
  const other = args.includes('--once') ? undefined : await runningSession();
  if (other !== undefined) {
    console.error(
      `Another "npm start" is running in this folder, with its emulator at ${other}, and ` +
        '"workspace-sync --local" speaks to one. Use it, or stop it (Ctrl-C) and start again.',
    );
    return 1;
  }
  const stopAsked = untilAsked();
  if (args.includes('--empty')) return stayEmpty(stopAsked);
  let world: World | undefined;
  let forgetSession: (() => Promise<void>) | undefined;
  try {
    timeline.part('Workspace Sync for AWS, on this machine');
    // Asked to stop while it starts, it finishes that first: then everything that was started is known.
    world = await startWorld({ onStep: timeline.event });
    timeline.event('deployed');
    if (!args.includes('--once')) forgetSession = await tellSession(world);
    if ((await Promise.race([runTour(world, timeline), stopAsked])) === 'interrupted') return 130;
    if (args.includes('--once')) {
      console.log('\nEvery claim above was checked.');
      return 0;
    }
    invite(world);
    await stopAsked;
    return 0;
  } catch (error) {
    console.error(`\n${error instanceof ClaimError ? error.message : String(error)}`);
    if (world) console.error(`The emulator's log: ${await keepLog(world)}`);
    return 1;
  } finally {
    console.log('\nStopping what was started …');
    await forgetSession?.();
    await world?.stop();
  }
}

/** Stays with an account in which nothing is deployed. */
async function stayEmpty(stopAsked: Promise<unknown>): Promise<number> {
  timeline.part('An AWS account, a cloud folder and a gateway, on this machine');
  const world = await startEmptyWorld({
    onWebhook: ({ path, body }) => {
      timeline.event(`webhook POST ${path} ${body}`);
    },
  });
  const forgetSession = await tellSession(world);
  try {
    console.log(`
Nothing is deployed yet. It keeps running; Ctrl-C stops everything. Try, in another terminal:

  npx workspace-sync setup --local

  cloud folder   ${world.cloud.folder}  (${world.cloud.url}, user ${world.cloud.user})
  webhook        ${world.gateway.url}
  logins         ${sessionFile}: cloudPassword, hooksToken; setup offers them
`);
    await stopAsked;
    return 0;
  } finally {
    console.log('\nStopping what was started …');
    await forgetSession();
    await world.stop();
  }
}

/** npm hands on the Ctrl-C that the terminal has given to all: two signals, and one wish. */
const oneWishMs = 1_000;

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function untilAsked(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const asked = (): void => {
      first ??= Date.now();
      if (Date.now() - first > oneWishMs) process.exit(130);
      resolve('interrupted');
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, asked);
  });
}

async function keepLog({ emulator }: World): Promise<string> {
  const kept = join(tmpdir(), `workspace-sync-emulator-${process.pid}.log`);
  await copyFile(emulator.logFile, kept);
  return kept;
}

function invite({ emulator, outputs, cloud, gateway, hooksToken }: World): void {
  const { url, credentials, region } = emulator;
  const workspace = output(outputs, 'WorkspaceBucketName');
  console.log(`
It keeps running; Ctrl-C stops everything. Try, in this folder and another terminal:

  npx workspace-sync status --local
  echo hello > hello.txt
  npx workspace-sync drop hello.txt --local                # the webhook answers below
  cp hello.txt ${cloud.folder}/_outbox/   # a drop in "Dropbox": within a minute
  npx workspace-sync drop-link --local                     # a page to drop files on: open it in a browser
  npx workspace-sync backup restore --dry-run --local
  npx workspace-sync doctor --local

Or the AWS CLI, version 2, with

  export AWS_ENDPOINT_URL=${url} AWS_REGION=${region} \\
    AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}
  aws s3 ls --recursive s3://${workspace}/${agent}/workspace/
  aws s3 cp --recursive s3://${output(outputs, 'SnapshotBucketName')}/${agent}/ copy/   # with the recovery kit among them
  aws secretsmanager get-secret-value --secret-id workspace-sync/local/${agent}/passphrase

  cloud folder   ${cloud.folder}  (${cloud.url})
  webhook        ${gateway.url}
  stack          WorkspaceSync-${deployment}
`);
  const shown = gateway.requests.length;
  gateway.answer = (request) => {
    if (gateway.requests.length > shown)
      timeline.event(`webhook POST ${request.path} ${request.body}`);
    return asGateway(hooksToken)(request);
  };
}

// The tour may still be waiting for something: it is over all the same.
process.exit(await main(process.argv.slice(2)));
