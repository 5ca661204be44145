/** Running a program and saying what it took; numbers and tables for people. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';

export interface Command {
  file: string;
  args: string[];
  env: Record<string, string>;
}

export interface Usage {
  wallMs: number;
  /** User and system time of the process and all its children. */
  cpuMs: number;
  /** Largest resident size of the process and its children together, as often as it was looked at. */
  peakMb: number;
  stdout: string;
}

const lookEveryMs = 20;

/** Runs a program to its end, through GNU time. A failure of it is an error here. */
export async function runMeasured({ file, args, env }: Command): Promise<Usage> {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-sync-bench-'));
  const times = join(folder, 'times');
  const start = performance.now();
  const child = spawn('/usr/bin/time', ['-o', times, '-f', '%U %S', file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let peak = 0;
  const looking = setInterval(() => {
    peak = Math.max(peak, residentBytes(child.pid ?? 0));
  }, lookEveryMs);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    const wallMs = performance.now() - start;
    if (code !== 0)
      throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${stderr().slice(-4_000)}`);
    const [user = 0, system = 0] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
    return { wallMs, cpuMs: (user + system) * 1_000, peakMb: peak / 1e6, stdout: stdout() };
  } finally {
    clearInterval(looking);
    rmSync(folder, { recursive: true });
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** A process may end while it is looked at: then it has nothing resident. */
function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const own = pages * 4_096;
    return children
      .split(' ')
      .filter(Boolean)
      .reduce((sum, child) => sum + residentBytes(Number(child)), own);
  } catch {
    return 0;
  }
}

/** The value below which the given share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low = NaN, high = NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median, and between which values it lies: `1.23 (1.20–1.31)`. */
export function spread(values: readonly number[], digits: number): string {
  const [low, middle, high] = [0, 0.5, 1].map((share) => quantile(values, share).toFixed(digits));
  return low === high ? String(middle) : `${middle} (${low}–${high})`;
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the numbers were measured on. */
export function machine(): string {
  const [first, ...others] = cpus();
  return (
    `${others.length + 1} × ${first?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ` +
    `${type()} ${release().split('-')[0] ?? ''}, Node ${process.version}`
  );
}

/** `--name=value` of the command line. */
export function option(name: string, otherwise: string): string {
  const start = `--${name}=`;
  return process.argv.find((word) => word.startsWith(start))?.slice(start.length) ?? otherwise;
}
