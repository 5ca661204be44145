/**
 * How large each function is, and how long a fresh process takes until its handler is there,
 * against a Node process that loads nothing. Run it with `node bench/cold-start.ts [--runs=15]`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleHandler } from '../infra/constructs/bundle.ts';
import { parseConfig } from '../functions/shared/config/index.ts';
import { machine, median, option, runMeasured, spread, table, type Usage } from './measure.ts';

const names = ['sync', 'drain', 'notify'] as const;
const runs = Number(option('runs', '15'));

/** The variables without which no function starts; nobody is called. */
const env = {
  PATH: process.env['PATH'] ?? '',
  AWS_REGION: 'us-east-1',
  DEPLOYMENT: 'bench',
  STATE_BUCKET: 'state',
  NOTIFICATION_QUEUE_URL: 'http://127.0.0.1:9/queue',
  DEAD_NOTIFICATION_QUEUE_URL: 'http://127.0.0.1:9/dead',
};

/** Prints how much memory is resident when the handler is there, then ends at once. */
function starter(module: string | undefined): string {
  const load =
    module === undefined
      ? ''
      : `const { handler } = await import(${JSON.stringify(module)});` +
        `if (typeof handler !== 'function') process.exit(1);`;
  return `${load} process.stdout.write(String(process.memoryUsage.rss()), () => process.exit(0));`;
}

/** Kilobytes of a file, as it is and compressed. */
function sizesOf(file: string): string[] {
  const bytes = readFileSync(file);
  return [bytes, gzipSync(bytes)].map(({ length }) => (length / 1_000).toFixed(0));
}

const folder = mkdtempSync(join(tmpdir(), 'workspace-sync-bench-'));
try {
  const { agents } = parseConfig({ agents: { main: { sync: { provider: 'off' } } } }).config;
  const starters = new Map<string, string>();
  const save = (name: string, module: string | undefined): void => {
    const file = join(folder, `start-${name}.mjs`);
    writeFileSync(file, starter(module));
    starters.set(name, file);
  };
  save('empty', undefined);
  for (const name of names) {
    bundleHandler(name, agents, join(folder, name));
    save(name, join(folder, name, 'index.mjs'));
  }

  const taken = new Map<string, Usage[]>([...starters.keys()].map((name) => [name, []]));
  // One round to warm the page cache, which is not counted; then one of each in turn.
  for (let round = 0; round <= runs; round++) {
    for (const [name, file] of starters) {
      const usage = await runMeasured({ file: process.execPath, args: [file], env });
      if (round > 0) taken.get(name)?.push(usage);
    }
  }

  const empty = (taken.get('empty') ?? []).map(({ wallMs }) => wallMs);
  const rows = [...taken].map(([name, usages]) => {
    const walls = usages.map(({ wallMs }) => wallMs);
    const resident = median(usages.map(({ stdout }) => Number(stdout) / 1e6)).toFixed(0);
    const cpu = median(usages.map(({ cpuMs }) => cpuMs)).toFixed(0);
    const above = walls.map((wall, at) => wall - (empty[at] ?? NaN));
    const sizes = name === 'empty' ? ['', ''] : sizesOf(join(folder, name, 'index.mjs'));
    return [
      name,
      ...sizes,
      spread(walls, 0),
      name === 'empty' ? '' : spread(above, 0),
      cpu,
      resident,
    ];
  });
  console.log(`${machine()}; ${runs} runs of each in turn\n`);
  console.log(
    table(
      [
        'function',
        'kB',
        'kB gzip',
        'ms until the handler is there',
        'ms above an empty process',
        'CPU ms',
        'MB resident',
      ],
      rows,
    ),
  );
} finally {
  rmSync(folder, { recursive: true });
}
