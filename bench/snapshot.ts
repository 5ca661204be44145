/**
 * Backup and restore against the plugin's pipe and against the best pipe of an expert, in turn.
 * Run it with `node bench/snapshot.ts [--corpora=A,B,C] [--sources=folder,s3] [--latency=0,15]
 * [--rounds=5] [--folder=/tmp]`, or with `--stream=10000000000` for the memory that one file takes.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { machine, median, option, runMeasured, spread, table, type Usage } from './measure.ts';
import { corpora, makeCorpus, type CorpusName } from './snapshot-corpora.ts';
import type { Done, Task } from './snapshot-ours.ts';
import {
  backupPipe,
  copyFirst,
  missingPrograms,
  newAgeKey,
  restorePipe,
  type AgeKey,
  type Pipe,
} from './snapshot-pipes.ts';
import type { Request } from './snapshot-store.ts';

type System = 'ours' | Pipe;
type SourceKind = 'folder' | 's3';

/** One row of a table: what was measured of each system, round by round. */
interface Row {
  corpus: CorpusName;
  what: string;
  latencyMs: number;
  taken: Map<System, Measured[]>;
}

interface Measured extends Usage {
  /** Bytes of what lies in the bucket. */
  stored: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const names = option('corpora', 'A,B,C').split(',') as CorpusName[];
const sources = option('sources', 'folder,s3').split(',') as SourceKind[];
const latencies = option('latency', '0,15').split(',').map(Number);
const streamBytes = Number(option('stream', '0'));

const passphrase = 'the passphrase of the benchmarks';
const scratch = mkdtempSync(join(option('folder', tmpdir()), 'workspace-sync-bench-'));
const driver = bundleDriver();
const store = fork(join(root, 'bench', 'snapshot-store.ts'));
const endpoint = await answerOf<string>();
const pipes = (['incumbent', 'by hand'] as const).filter(isPossible);
const systems: System[] = ['ours', ...pipes];
const env = environment();
const key: AgeKey = pipes.includes('by hand')
  ? newAgeKey(join(scratch, 'age.key'))
  : { recipient: '', identity: '' };

try {
  console.log(`${machine()}\n`);
  if (streamBytes > 0) await measureStream();
  else for (const name of names) await measureCorpus(name);
} finally {
  store.disconnect();
  rmSync(scratch, { recursive: true });
}

function isPossible(pipe: Pipe): boolean {
  const missing = missingPrograms(pipe);
  if (missing.length > 0) console.log(`Without "${pipe}": there is no ${missing.join(', ')} here.`);
  return missing.length === 0;
}

function environment(): Record<string, string> {
  const remote = { TYPE: 's3', PROVIDER: 'Other', ENDPOINT: endpoint, ENV_AUTH: 'true' };
  const options = Object.entries({ ...remote, NO_CHECK_BUCKET: 'true' });
  return {
    PATH: `${join(root, '.tools', 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: scratch,
    PASSPHRASE: passphrase,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench-secret',
    RCLONE_CONFIG: '/dev/null',
    ...Object.fromEntries(options.map(([name, value]) => [`RCLONE_CONFIG_S3_${name}`, value])),
  };
}

/** Bundled as the functions are. */
function bundleDriver(): string {
  const outfile = join(scratch, 'ours.mjs');
  const require =
    "import { createRequire as forBundle } from 'node:module';const require = forBundle(import.meta.url);";
  buildSync({
    entryPoints: [join(root, 'bench', 'snapshot-ours.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['module', 'import', 'node'],
    banner: { js: require },
    minify: true,
    keepNames: true,
    logLevel: 'error',
  });
  return outfile;
}

async function ask(request: Request): Promise<number> {
  store.send(request);
  return answerOf<number>();
}

async function answerOf<T>(): Promise<T> {
  const [message] = (await once(store, 'message')) as [{ value: T }];
  return message.value;
}

async function measureCorpus(name: CorpusName): Promise<void> {
  const folder = join(scratch, name);
  makeCorpus(name, folder);
  if (sources.includes('s3')) await ask({ kind: 'fill', bucket: 'source', folder });
  const rounds = Number(option('rounds', name === 'C' ? '3' : '5'));
  const backups: Row[] = [];
  const restores: Row[] = [];
  for (const latencyMs of latencies) {
    for (const source of sources) {
      const row = { corpus: name, what: source, latencyMs, taken: nothingTaken() };
      const back = { ...row, taken: nothingTaken() };
      for (let round = 0; round < rounds; round++) {
        for (const system of systems) await measureOnce({ system, source, folder, row, back });
      }
      backups.push(row);
      if (source === sources[0]) restores.push(back);
    }
  }
  console.log(`## ${name}: ${corpora[name].title}, ${rounds} rounds\n`);
  report('backup from', backups);
  report(
    'restore to',
    restores.map((row) => ({ ...row, what: 'folder' })),
  );
  await ask({ kind: 'clear', bucket: 'source' });
  rmSync(folder, { recursive: true });
}

function nothingTaken(): Row['taken'] {
  return new Map(systems.map((system) => [system, []]));
}

interface Once {
  system: System;
  source: SourceKind;
  folder: string;
  row: Row;
  back: Row;
}

/** A backup, and what comes of it as a restore, where that was not measured already. */
async function measureOnce({ system, source, folder, row, back }: Once): Promise<void> {
  const work = join(scratch, 'work');
  await ask({ kind: 'clear', bucket: 'target' });
  await ask({ kind: 'latency', ms: row.latencyMs });
  mkdirSync(work);
  const backup = await runMeasured(backupCommand(system, source, folder, work));
  const stored = await ask({ kind: 'size', bucket: 'target' });
  row.taken.get(system)?.push({ ...withOwnPeak(system, backup), stored });
  rmSync(work, { recursive: true });
  if (source === sources[0]) {
    if (system !== 'ours') mkdirSync(work);
    const restore = await runMeasured(restoreCommand(system, work));
    back.taken.get(system)?.push({ ...withOwnPeak(system, restore), stored });
    await ask({ kind: 'latency', ms: 0 });
    expectSame(folder, system === 'ours' ? join(work, 'workspace') : work);
    rmSync(work, { recursive: true });
  }
}

function backupCommand(
  system: System,
  source: SourceKind,
  folder: string,
  work: string,
): Parameters<typeof runMeasured>[0] {
  if (system === 'ours') {
    const from = source === 's3' ? { bucket: 'source' } : { folder };
    return ours({ kind: 'backup', from });
  }
  const pipe = backupPipe(system, source === 's3' ? work : folder, 's3:target/backup', key);
  return shell(source === 's3' ? `${copyFirst('s3:source', work)} && ${pipe}` : pipe);
}

function restoreCommand(system: System, work: string): Parameters<typeof runMeasured>[0] {
  if (system === 'ours') return ours({ kind: 'restore', to: work });
  return shell(restorePipe(system, 's3:target/backup', work, key));
}

function ours(work: Task['do']): Parameters<typeof runMeasured>[0] {
  const task: Task = { endpoint, bucket: 'target', passphrase, do: work };
  return { file: process.execPath, args: [driver], env: { ...env, TASK: JSON.stringify(task) } };
}

function shell(line: string): Parameters<typeof runMeasured>[0] {
  return { file: 'bash', args: ['-c', `set -euo pipefail; ${line}`], env };
}

/** What a process says of itself misses no moment, as looking at it from outside may. */
function withOwnPeak(system: System, usage: Usage): Usage {
  if (system !== 'ours') return usage;
  const { peak } = JSON.parse(usage.stdout) as Done;
  return { ...usage, peakMb: Math.max(usage.peakMb, peak / 1e6) };
}

function expectSame(before: string, after: string): void {
  const { status, stdout } = spawnSync('diff', ['-r', '-q', before, after], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`What was restored is not what was stored:\n${stdout}`);
}

function report(what: string, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const of = (row: Row, system: System, value: (measured: Measured) => number): number[] =>
    (row.taken.get(system) ?? []).map(value);
  const walls = (row: Row, system: System): number[] =>
    of(row, system, ({ wallMs }) => wallMs / 1e3);
  const times = (row: Row, system: System): string => {
    const own = walls(row, 'ours');
    return spread(
      walls(row, system).map((wall, at) => wall / (own[at] ?? NaN)),
      2,
    );
  };
  const each = (row: Row, value: (measured: Measured) => number, digits: number): string =>
    systems.map((system) => median(of(row, system, value)).toFixed(digits)).join(' / ');
  const listed = systems.join(' / ');
  const head = [
    what,
    'ms',
    ...pipes.map((pipe) => `times faster than ${pipe}`),
    `s: ${listed}`,
    'CPU s',
    'MB held',
    'MB stored',
  ];
  const lines = rows.map((row) => [
    row.what,
    String(row.latencyMs),
    ...pipes.map((pipe) => times(row, pipe)),
    each(row, ({ wallMs }) => wallMs / 1e3, 2),
    each(row, ({ cpuMs }) => cpuMs / 1e3, 2),
    each(row, ({ peakMb }) => peakMb, 0),
    each(row, ({ stored }) => stored / 1e6, 1),
  ]);
  console.log(`${table(head, lines)}\n`);
}

/** How much memory one file takes that is larger than any memory. Nothing is kept of it. */
async function measureStream(): Promise<void> {
  await ask({ kind: 'forget' });
  const rows: string[][] = [];
  for (const bytes of [streamBytes / 10, streamBytes]) {
    await ask({ kind: 'clear', bucket: 'target' });
    const usage = await runMeasured(ours({ kind: 'backup', from: { streamBytes: bytes } }));
    const { peakMb } = withOwnPeak('ours', usage);
    rows.push([(bytes / 1e9).toFixed(1), (usage.wallMs / 1e3).toFixed(1), peakMb.toFixed(0)]);
  }
  console.log(table(['GB', 's', 'MB held at most'], rows));
}
