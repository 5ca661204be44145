/**
 * How long the command takes to start: `--help`, which loads no AWS client, and `status` against a real
 * deployment on the emulator, beside an empty Node, in turn within one run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellSession } from '../local/session.ts';
import { agent, startWorld } from '../local/world.ts';
import { machine, median, option, spread, table } from './measure.ts';

const rounds = Number(option('rounds', '15'));
const script = new URL('../cli/workspace-sync.mjs', import.meta.url).pathname;
const targets: Record<string, number> = { '--help': 300, status: 1_000 };

const folder = mkdtempSync(join(tmpdir(), 'workspace-sync-cli-start-'));
const session = join(folder, 'local.json');
const world = await startWorld();
try {
  await tellSession(world, session);
  const programs: [string, string[]][] = [
    ['node -e 0', ['-e', '0']],
    ['--help', [script, '--help']],
    ['status', [script, 'status', '--local', '--agent', agent]],
  ];
  // The first start builds the bundle, and the function's first answer is a cold one.
  for (const [, args] of programs) run(args);
  const times = new Map(programs.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of programs) times.get(name)?.push(run(args));
  }
  const empty = times.get('node -e 0') ?? [];
  const rows = [...times].map(([name, own]) => [
    `\`${name}\``,
    spread(own, 0),
    spread(
      own.map((time, round) => time / (empty[round] ?? NaN)),
      1,
    ),
    targets[name] === undefined ? '' : `${targets[name]}`,
    targets[name] === undefined ? '' : median(own) < targets[name] ? 'yes' : 'no',
  ]);
  console.log(`${machine()}, ${rounds} rounds\n`);
  console.log(table(['start of', 'ms', 'times an empty Node', 'target, ms', 'met'], rows));
} finally {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Milliseconds from the start to the end of a program; a failure of it is an error here. */
function run(args: string[]): number {
  const start = performance.now();
  execFileSync(process.execPath, args, {
    env: { ...process.env, WORKSPACE_SYNC_LOCAL: session },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return performance.now() - start;
}
