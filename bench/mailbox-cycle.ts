/**
 * A cycle of mailbox mode over many small files, against the rclone commands that the original
 * plugin runs for the same. Both work between the same servers, in turn, each on buckets and folders
 * of its own; after every cycle both sides are compared file by file.
 *
 * Run it with `node bench/mailbox-cycle.ts [--rounds=3] [--files=10000] [--latency=0,15]
 * [--setup=s3,webdav,folder]`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseConfig } from '../functions/shared/config/index.ts';
import { bundleHandler } from '../infra/constructs/bundle.ts';
import { tools } from '../local/paths.ts';
import { startRcloneServer } from '../local/rclone-server.ts';
import { startDelayingProxy } from './delaying-proxy.ts';
import { machine, median, option, runMeasured, spread, table, type Usage } from './measure.ts';
import { startS3Server, type Counts } from './s3-server.ts';

/**
 * - `s3`: from a workspace in S3 to a cloud folder in S3.
 * - `webdav`: from a workspace in S3 to a cloud folder that speaks WebDAV.
 * - `folder`: as `s3`, but the plugin reads a folder of its own machine, as it does beside a gateway.
 */
const setups = ['s3', 'webdav', 'folder'] as const;
type Setup = (typeof setups)[number];

const systems = ['ours', 'plugin'] as const;
type System = (typeof systems)[number];

const phases = ['first', 'unchanged', '10 changed'] as const;
type Phase = (typeof phases)[number];

const rounds = Number(option('rounds', '3'));
const fileCount = Number(option('files', '10000'));
const latencies = option('latency', '0,15').split(',').map(Number);
const chosen = option('setup', setups.join()).split(',') as Setup[];

const changedCount = 10;
const filesPerFolder = 20;
const fileBytes = 4_096;
const rclone = join(tools, 'bin', 'rclone');
const credentials = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench-secret' };

/** One cycle as it was measured: what it took, and the requests that each side counted. */
interface Sample extends Usage {
  requests: Record<'workspace' | 'cloud' | 'own', Counts>;
}

// The server's process is ended when ours exits, which a signal would not call exiting.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const samples = new Map<string, Sample[]>();
const sampleKey = (setup: Setup, latency: number, phase: Phase, system: System): string =>
  [setup, latency, phase, system].join('/');

const rcloneVersionText = execFileSync(rclone, ['version'], { encoding: 'utf8' });
const scratch = mkdtempSync(join(tmpdir(), 'workspace-sync-bench-'));
const s3 = await startS3Server();
const webdav = await startRcloneServer({
  protocol: 'webdav',
  folder: makeFolder('webdav'),
  // With a time of 0 the server keeps a processor busy for ever once it has made a folder.
  args: ['--dir-cache-time=100ms'],
});
const proxy = await startDelayingProxy(webdav.url);
try {
  for (const setup of chosen) {
    for (const latency of latencies) {
      for (let round = 0; round < rounds; round++) await measureRound(setup, latency, round);
    }
    if (setup !== 'folder') await reportMissedChange(setup);
  }
  report();
} finally {
  proxy.latencyMs = 0;
  await proxy.stop();
  await webdav.stop();
  await s3.stop();
  rmSync(scratch, { recursive: true });
}

/** All phases of both systems, in turn; who goes first changes with the round. */
async function measureRound(setup: Setup, latency: number, round: number): Promise<void> {
  const order = round % 2 === 0 ? systems : systems.toReversed();
  for (const system of order) reset(setup, system);
  for (const phase of phases) {
    for (const system of order) {
      if (phase === '10 changed') changeFiles(setup, system, `round ${round} is longer`);
      const sample = await measureCycle(setup, latency, system);
      await compareSides(setup, system);
      const key = sampleKey(setup, latency, phase, system);
      samples.set(key, [...(samples.get(key) ?? []), sample]);
      const seconds = (sample.wallMs / 1_000).toFixed(2);
      console.error(
        `${setup}, ${latency} ms, round ${round + 1}, ${phase}, ${system}: ${seconds} s`,
      );
    }
  }
}

async function measureCycle(setup: Setup, latency: number, system: System): Promise<Sample> {
  const commands = system === 'ours' ? [ourCycle(setup)] : pluginCycle(setup);
  s3.counts.clear();
  proxy.counts.clear();
  s3.latencyMs = latency;
  proxy.latencyMs = latency;
  const total: Usage = { wallMs: 0, cpuMs: 0, peakMb: 0, stdout: '' };
  for (const command of commands) {
    const usage = await runMeasured(command);
    total.wallMs += usage.wallMs;
    total.cpuMs += usage.cpuMs;
    total.peakMb = Math.max(total.peakMb, usage.peakMb);
    total.stdout += usage.stdout;
  }
  s3.latencyMs = 0;
  proxy.latencyMs = 0;
  return { ...total, requests: requestsOf(setup, system) };
}

function requestsOf(setup: Setup, system: System): Sample['requests'] {
  const of = (bucket: string): Counts => s3.counts.get(bucket) ?? new Map<string, number>();
  const own = new Map([...of('state'), ...of('services')].map(([kind, n]) => [kind, n]));
  return {
    workspace: new Map(of(bucketOf('workspace', system))),
    cloud: new Map<string, number>(
      setup === 'webdav' ? proxy.counts : of(bucketOf('cloud', system)),
    ),
    own: system === 'ours' ? own : new Map<string, number>(),
  };
}

/** The function as it is deployed, in a fresh process each time: a cold start is part of it. */
function ourCycle(setup: Setup): Command {
  const folder = join(scratch, `function-${setup}`);
  bundleHandler('sync', [ourAgent(setup)], folder);
  const call =
    `const { handler } = await import(${JSON.stringify(join(folder, 'index.mjs'))});` +
    `const report = await handler({ agent: 'main' }, { getRemainingTimeInMillis: () => 900_000 });` +
    `if (report.state !== 'succeeded') throw new Error(JSON.stringify(report));`;
  return {
    file: process.execPath,
    args: ['--input-type=module', '--eval', call],
    env: {
      ...credentials,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: s3.url,
      DEPLOYMENT: 'bench',
      WORKSPACE_BUCKET: bucketOf('workspace', 'ours'),
      EXCHANGE_BUCKET: 'exchange',
      STATE_BUCKET: 'state',
      EVENT_BUS: 'bench',
      NOTIFICATION_QUEUE_URL: `${s3.url}/queue`,
      FUNCTION_TIMEOUT_SECONDS: '900',
      S3_PROVIDER: 'Other',
      RCLONE_BINARY: rclone,
      TMPDIR: scratch,
    },
  };
}

type Command = Parameters<typeof runMeasured>[0];

function ourAgent(setup: Setup): ReturnType<typeof parseConfig>['config']['agents'][number] {
  const cloud =
    setup === 'webdav'
      ? {
          provider: 'custom',
          remotePath: 'ours',
          custom: { rcloneType: 'webdav', rcloneOptions: { url: proxy.url, vendor: 'other' } },
        }
      : {
          provider: 's3',
          remotePath: 'share',
          s3: {
            endpoint: s3.url,
            bucket: bucketOf('cloud', 'ours'),
            accessKeyId: '${KEY_ID}',
            secretAccessKey: '${KEY_SECRET}',
          },
        };
  s3.secret = { KEY_ID: 'bench', KEY_SECRET: 'bench-secret' };
  const sync = { mode: 'mailbox', localPath: '/', interval: 300, timeout: 3_600, ...cloud };
  const [agent] = parseConfig({ agents: { main: { sync } } }).config.agents;
  if (!agent) throw new Error('The configuration has no agent.');
  return agent;
}

/** What the plugin runs in each cycle, with rclone's defaults; its folders it makes at its start. */
function pluginCycle(setup: Setup): Command[] {
  const { workspace, cloud, env } = remotes(setup, 'plugin');
  const excludes = ['/_inbox/**', '/_outbox/**', '**/.DS_Store'].map((it) => `--exclude=${it}`);
  const flags = ['--stats-one-line', '-v'];
  return [
    { file: rclone, args: ['sync', workspace, cloud, ...excludes, ...flags], env },
    { file: rclone, args: ['move', `${cloud}/_outbox`, `${workspace}/_inbox`, ...flags], env },
  ];
}

/** Both sides of a system as rclone's remotes, without latency while nothing is measured. */
function remotes(
  setup: Setup,
  system: System,
): { workspace: string; cloud: string; env: Record<string, string> } {
  const s3Options = { TYPE: 's3', PROVIDER: 'Other', ENDPOINT: s3.url, ENV_AUTH: 'true' };
  const cloudOptions =
    setup === 'webdav' ? { TYPE: 'webdav', VENDOR: 'other', URL: proxy.url } : s3Options;
  const variables = (name: string, options: Record<string, string>): [string, string][] =>
    Object.entries(options).map(([key, value]) => [`RCLONE_CONFIG_${name}_${key}`, value]);
  const isFolder = setup === 'folder' && system === 'plugin';
  return {
    workspace: isFolder
      ? join(scratch, 'workspace')
      : `ws:${bucketOf('workspace', system)}/main/workspace`,
    cloud: setup === 'webdav' ? `cloud:${system}` : `cloud:${bucketOf('cloud', system)}/share`,
    env: {
      ...credentials,
      HOME: scratch,
      RCLONE_CONFIG: '/dev/null',
      ...Object.fromEntries([...variables('WS', s3Options), ...variables('CLOUD', cloudOptions)]),
    },
  };
}

function bucketOf(side: 'workspace' | 'cloud', system: System): string {
  return `${side}-${system}`;
}

/** A workspace as it was at first, and a cloud folder that only has its `_outbox`. */
function reset(setup: Setup, system: System): void {
  for (const side of ['workspace', 'cloud'] as const) s3.bucket(bucketOf(side, system)).clear();
  if (system === 'ours') s3.bucket('state').clear();
  if (setup === 'folder' && system === 'plugin') makeFolder('workspace');
  for (let at = 0; at < fileCount; at++) writeFile(setup, system, at, content(at));
  s3.bucket(bucketOf('workspace', system)).put('main/workspace/_inbox/', Buffer.alloc(0));
  if (setup === 'folder' && system === 'plugin') mkdirSync(join(scratch, 'workspace', '_inbox'));
  if (setup === 'webdav') mkdirSync(join(makeFolder(join('webdav', system)), '_outbox'));
  else s3.bucket(bucketOf('cloud', system)).put('share/_outbox/', Buffer.alloc(0));
}

function makeFolder(name: string): string {
  const folder = join(scratch, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function changeFiles(setup: Setup, system: System, words: string): void {
  for (let n = 0; n < changedCount; n++) {
    const at = Math.floor((n * fileCount) / changedCount);
    writeFile(setup, system, at, Buffer.concat([content(at), Buffer.from(words)]));
  }
}

function writeFile(setup: Setup, system: System, at: number, body: Buffer): void {
  const path = pathOf(at);
  if (setup === 'folder' && system === 'plugin') {
    const file = join(scratch, 'workspace', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  } else {
    s3.bucket(bucketOf('workspace', system)).put(`main/workspace/${path}`, body);
  }
}

function pathOf(at: number): string {
  const folder = String(Math.floor(at / filesPerFolder)).padStart(4, '0');
  return `notes-${folder}/file-${String(at).padStart(5, '0')}.md`;
}

/** Text that no two files share. */
function content(at: number): Buffer {
  const line = createHash('sha256').update(String(at)).digest('hex');
  return Buffer.from(line.repeat(fileBytes / line.length));
}

/** Fails unless both sides have the same files with the same content, going by MD5. */
async function compareSides(setup: Setup, system: System): Promise<void> {
  const { workspace, cloud, env } = remotes(setup, system);
  // Behind the WebDAV server lies a folder, of which rclone works out the hashes itself.
  const there = setup === 'webdav' ? join(scratch, 'webdav', system) : cloud;
  const mailboxes = ['_inbox', '_outbox', '.trash'].map((name) => `--exclude=/${name}/**`);
  const flags = ['--checksum', '--fast-list', '--checkers=16', ...mailboxes];
  await runMeasured({ file: rclone, args: ['check', workspace, there, ...flags], env });
}

/** Changes a file without changing its size, and says who has noticed after a cycle. */
async function reportMissedChange(setup: Setup): Promise<void> {
  for (const system of systems) {
    const body = content(0);
    body.write('changed, and just as long');
    reset(setup, system);
    await measureCycle(setup, 0, system);
    writeFile(setup, system, 0, body);
    await measureCycle(setup, 0, system);
    const noticed = await compareSides(setup, system).then(
      () => 'carried over',
      () => 'missed',
    );
    console.log(
      `${setup}, ${system}: a file changed to other content of equal size was ${noticed}`,
    );
  }
}

function report(): void {
  console.log(`\n${machine()}; rclone ${rcloneVersion()}`);
  console.log(
    `${fileCount} files of ${fileBytes} bytes in folders of ${filesPerFolder}; ${rounds} rounds\n`,
  );
  const keys = chosen.flatMap((setup) =>
    latencies.flatMap((latency) => phases.map((phase) => ({ setup, latency, phase }))),
  );
  const rows = keys.map(({ setup, latency, phase }) => {
    const [ours, plugin] = systems.map(
      (system) => samples.get(sampleKey(setup, latency, phase, system)) ?? [],
    );
    if (!ours || !plugin) throw new Error('Nothing was measured.');
    const ratios = plugin.map(({ wallMs }, at) => wallMs / (ours[at]?.wallMs ?? NaN));
    const both = (show: (samples: Sample[]) => string): [string, string] => [
      show(ours),
      show(plugin),
    ];
    return [
      setup,
      String(latency),
      phase,
      `**${median(ratios).toFixed(1)}** (${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)})`,
      ...both((them) =>
        spread(
          them.map(({ wallMs }) => wallMs / 1_000),
          2,
        ),
      ),
      ...both((them) => median(them.map(({ cpuMs }) => cpuMs / 1_000)).toFixed(2)),
      ...both((them) => median(them.map(({ peakMb }) => peakMb)).toFixed(0)),
    ];
  });
  console.log(
    table(
      [
        'set-up',
        'ms',
        'cycle',
        'times faster',
        's, ours',
        's, plugin',
        'CPU s, ours',
        'CPU s, plugin',
        'MB, ours',
        'MB, plugin',
      ],
      rows,
    ),
  );
  console.log('\nRequests of one cycle for every 1,000 files, by side (last round)\n');
  const requests = keys
    .filter(({ latency }) => latency === latencies[0])
    .flatMap(({ setup, latency, phase }) =>
      systems.map((system) => {
        const last = samples.get(sampleKey(setup, latency, phase, system))?.at(-1);
        const sides = (['workspace', 'cloud', 'own'] as const).map((side) =>
          [...(last?.requests[side] ?? [])]
            .map(([kind, n]) => `${kind} ${perThousand(n)}`)
            .join(', '),
        );
        return [setup, phase, system, ...sides];
      }),
    );
  console.log(
    table(
      ['set-up', 'cycle', 'system', 'workspace', 'cloud folder', 'state, queue, bus, secrets'],
      requests,
    ),
  );
}

function perThousand(n: number): string {
  return String(Number(((n / fileCount) * 1_000).toFixed(1)));
}

function rcloneVersion(): string {
  return rcloneVersionText.split('\n')[0]?.replace('rclone ', '') ?? '';
}
