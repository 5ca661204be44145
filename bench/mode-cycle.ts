/**
 * A cycle of mirror and of bisync over many small files, against `rclone sync` and `rclone bisync` at
 * their defaults. Both work between the same servers, in turn, each on buckets and folders of its own;
 * after every cycle both sides are compared file by file.
 *
 * Run it with `node bench/mode-cycle.ts [--rounds=3] [--files=10000] [--latency=0] [--setup=s3,webdav]
 * [--modes=mirror,bisync]`; with `--legs=10` it measures instead what cutting a run costs.
 */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { machine, median, option, spread, table } from './measure.ts';
import {
  content,
  fileBytes,
  filesPerFolder,
  ModeWorld,
  pathOf,
  rclone,
  type Mode,
  type Sample,
  type Setup,
  type Side,
  type System,
} from './mode-world.ts';

const phases = ['first', 'unchanged', '10 changed'] as const;
const systems = ['ours', 'rclone'] as const;
const changedCount = 10;
/** Seconds that a leg is given for what comes before its first file and after its last. */
const beforeFirst = 1.5;

const rounds = Number(option('rounds', '3'));
const fileCount = Number(option('files', '10000'));
const latencies = option('latency', '0').split(',').map(Number);
const setups = option('setup', 's3,webdav').split(',') as Setup[];
const modes = option('modes', 'mirror,bisync').split(',') as Mode[];
const legs = Number(option('legs', '0'));

/** What is measured in turn: the same cycle in two ways. */
interface Case {
  setup: Setup;
  mode: Mode;
  latencyMs: number;
}

// The server's process is ended when ours exits, which a signal would not call exiting.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const cases = setups.flatMap((setup) =>
  modes.flatMap((mode) => latencies.map((latencyMs): Case => ({ setup, mode, latencyMs }))),
);
const samples = new Map<string, Sample[]>();
const world = await ModeWorld.start();
try {
  const version = execFileSync(rclone, ['version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
  console.log(`${machine()}; ${version}; ${rounds} rounds`);
  console.log(`${fileCount} files of ${fileBytes} bytes in folders of ${filesPerFolder}\n`);
  for (const it of cases) {
    for (let round = 0; round < rounds; round++) {
      await (legs > 0 ? measureLegs(it) : measureRound(it, round));
    }
  }
  if (legs > 0) reportLegs();
  else reportCycles();
} finally {
  await world.stop();
}

/** All phases of both systems, in turn; who goes first changes with the round. */
async function measureRound(it: Case, round: number): Promise<void> {
  const order = round % 2 === 0 ? systems : systems.toReversed();
  for (const system of order) reset(it, system);
  for (const phase of phases) {
    for (const system of order) {
      if (phase === '10 changed') changeFiles(it, system, `round ${round} is longer`);
      await measure(it, phase, system, { isFirst: phase === 'first' });
    }
  }
}

/** The same files in one leg, and in legs of a tenth of its time and what a leg needs at least. */
async function measureLegs(it: Case): Promise<void> {
  for (const cut of [false, true]) {
    reset(it, 'ours');
    const [whole] = (samples.get(keyOf(it, 'whole', 'ours')) ?? []).slice(-1);
    const legSeconds = whole && Number((whole.wallMs / 1_000 / legs + beforeFirst).toFixed(2));
    if (it.mode === 'bisync') {
      // A run in step: a resync is asked for by hand, and knows nothing to go on from.
      await world.run({ ...it, latencyMs: 0, system: 'ours', isFirst: true });
      for (let at = 0; at < fileCount; at++) write(it, 'ours', 'workspace', at + fileCount);
    }
    await measure(it, cut ? 'cut' : 'whole', 'ours', {
      isFirst: it.mode === 'mirror',
      ...(cut && legSeconds !== undefined ? { legSeconds } : {}),
    });
  }
}

async function measure(
  it: Case,
  phase: string,
  system: System,
  how: { isFirst: boolean; legSeconds?: number },
): Promise<void> {
  const sample = await world.run({ ...it, system, ...how });
  await world.compareSides(it.setup, system);
  const key = keyOf(it, phase, system);
  samples.set(key, [...(samples.get(key) ?? []), sample]);
  const { wallMs, cpuMs, peakMb } = sample;
  console.error(
    `${key}: ${(wallMs / 1_000).toFixed(2)} s, CPU ${(cpuMs / 1_000).toFixed(2)} s, ` +
      `${peakMb.toFixed(0)} MB, ${sample.legs} legs, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
}

function keyOf({ setup, mode, latencyMs }: Case, phase: string, system: System): string {
  return [setup, mode, latencyMs, phase, system].join('/');
}

/** For mirror all files lie in the cloud folder; for bisync half of them on each side. */
function reset({ setup, mode }: Case, system: System): void {
  world.reset(setup, system);
  for (let at = 0; at < fileCount; at++) write({ setup }, system, homeOf(mode, at), at);
}

function homeOf(mode: Mode, at: number): Side {
  return mode === 'bisync' && at % 2 === 0 ? 'workspace' : 'cloud';
}

/** On the side that a file came from. */
function changeFiles({ setup, mode }: Case, system: System, words: string): void {
  for (let n = 0; n < changedCount; n++) {
    const at = Math.floor((n * fileCount) / changedCount) + (n % 2);
    write({ setup }, system, homeOf(mode, at), at, words);
  }
}

function write(
  { setup }: Pick<Case, 'setup'>,
  system: System,
  side: Side,
  at: number,
  words = '',
): void {
  world.write(setup, system, side, pathOf(at), Buffer.concat([content(at), Buffer.from(words)]));
}

function taken(it: Case, phase: string, system: System): Sample[] {
  const found = samples.get(keyOf(it, phase, system));
  if (!found) throw new Error('Nothing was measured.');
  return found;
}

function ratio(over: Sample[], under: Sample[], of: (sample: Sample) => number): string {
  const ratios = over.map((sample, at) => of(sample) / of(under[at] ?? sample));
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  const middle = median(ratios).toFixed(1);
  return low === high ? `**${middle}**` : `**${middle}** (${low.toFixed(1)}–${high.toFixed(1)})`;
}

function secondsOf(them: Sample[]): string {
  return spread(
    them.map(({ wallMs }) => wallMs / 1_000),
    2,
  );
}

function medianOf(them: Sample[], of: (sample: Sample) => number, digits: number): string {
  return median(them.map(of)).toFixed(digits);
}

function reportCycles(): void {
  const rows = cases.flatMap((it) =>
    phases.map((phase) => {
      const [ours, plain] = [taken(it, phase, 'ours'), taken(it, phase, 'rclone')];
      return [
        ...[it.setup, it.mode, String(it.latencyMs), phase],
        ratio(plain, ours, ({ wallMs }) => wallMs),
        ...[ours, plain].map(secondsOf),
        ...[ours, plain].map((them) => medianOf(them, ({ cpuMs }) => cpuMs / 1_000, 2)),
        ...[ours, plain].map((them) => medianOf(them, ({ peakMb }) => peakMb, 0)),
      ];
    }),
  );
  const both = (what: string): string[] => [`${what}, ours`, `${what}, rclone`];
  const head = ['cloud', 'mode', 'ms', 'cycle', 'times faster'];
  console.log(table([...head, ...both('s'), ...both('CPU s'), ...both('MB')], rows));
  reportRequests(
    cases.flatMap((it) =>
      phases.flatMap((phase) =>
        systems.map((system): [Case, string, System] => [it, phase, system]),
      ),
    ),
  );
}

function reportLegs(): void {
  const rows = cases.map((it) => {
    const [cut, whole] = [taken(it, 'cut', 'ours'), taken(it, 'whole', 'ours')];
    const perLeg = cut.map(
      ({ wallMs, legs: n }, at) => (wallMs - (whole[at]?.wallMs ?? NaN)) / 1_000 / (n - 1),
    );
    return [
      ...[it.setup, it.mode, String(it.latencyMs)],
      medianOf(cut, ({ legs: n }) => n, 0),
      ratio(cut, whole, ({ wallMs }) => wallMs),
      ratio(cut, whole, ({ requests }) => allOf(requests)),
      ...[whole, cut].map(secondsOf),
      spread(perLeg, 2),
    ];
  });
  const head = ['cloud', 'mode', 'ms', 'legs', 'times as long', 'times as many requests'];
  console.log(table([...head, 's, one leg', 's, cut', 's for each more leg'], rows));
  reportRequests(
    cases.flatMap((it) =>
      ['whole', 'cut'].map((phase): [Case, string, System] => [it, phase, 'ours']),
    ),
  );
}

function allOf(requests: Sample['requests']): number {
  return Object.values(requests)
    .flatMap((counts) => [...counts.values()])
    .reduce((sum, n) => sum + n, 0);
}

function reportRequests(of: [Case, string, System][]): void {
  console.log('\nRequests for every 1,000 files, by side (last round)\n');
  const rows = of.map(([it, phase, system]) => {
    const last = taken(it, phase, system).at(-1);
    const bySide = (['workspace', 'cloud', 'own'] as const).map((side) =>
      [...(last?.requests[side] ?? [])].map(([kind, n]) => `${kind} ${perThousand(n)}`).join(', '),
    );
    return [it.setup, it.mode, String(it.latencyMs), phase, system, ...bySide];
  });
  const sides = ['workspace', 'cloud folder', 'state, queue, bus, secrets'];
  console.log(table(['cloud', 'mode', 'ms', 'cycle', 'system', ...sides], rows));
}

function perThousand(n: number): string {
  return String(Number(((n / fileCount) * 1_000).toFixed(1)));
}
