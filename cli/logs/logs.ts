import { epochOf } from '../../functions/shared/clock.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import {
  readEntry,
  streamOf,
  withOwners,
  type Entry,
  type Level,
  type LogEvent,
} from './entries.ts';
import { eventsSince, logGroups, logsOf, type LogGroup } from './events.ts';
import { entryText, isWanted, type Filter } from './text.ts';

/** What `workspace-sync logs` can be told. */
export interface LogsOptions extends General {
  job?: string;
  run?: string;
  /** Milliseconds. */
  since?: number;
  follow?: boolean;
  level: Level;
}

const defaultSinceMs = 3_600_000;

/** CloudWatch shows a line a little later than it was written. */
const pollMs = 2_000;
const lateMs = 30_000;

/** Prints what the deployment's functions say. */
export async function logs(shell: Shell, options: LogsOptions): Promise<ExitCode> {
  const context = await openContext(shell, options);
  if (options.agent !== undefined) withAgent(context);
  const client = logsOf(context);
  const groups = await logGroups(client, context.deployment.name, options.job);
  const filter = { level: options.level, agent: options.agent, runId: options.run };
  const start = startOf(shell, options);
  const printer = new Printer(shell, filter, options.json);
  const look = async (since: number): Promise<void> => {
    const found = await inParallel(4, groups, (group: LogGroup) =>
      eventsSince(client, group, since),
    );
    printer.print(found.flat());
  };
  await look(start);
  if (options.follow !== true) {
    if (printer.count === 0 && !options.json) shell.say('No line of that kind in that time.');
    return exitCodes.ok;
  }
  return followLogs(shell, look);
}

/** A run's id says when it began. */
function startOf({ clock }: Shell, { since, run }: LogsOptions): number {
  if (since !== undefined) return clock.now() - since;
  const [, day, time] = /^(\d{8})T(\d{6})Z/.exec(run ?? '') ?? [];
  if (day === undefined || time === undefined) return clock.now() - defaultSinceMs;
  const iso = `${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
  return epochOf(iso) - lateMs;
}

async function followLogs(shell: Shell, look: (since: number) => Promise<void>): Promise<ExitCode> {
  const leaving = new AbortController();
  const release = shell.onInterrupt(() => {
    leaving.abort();
  });
  try {
    for (;;) {
      await shell.clock.sleep(pollMs, leaving.signal).catch(() => undefined);
      if (leaving.signal.aborted) return exitCodes.detached;
      await look(shell.clock.now() - lateMs);
    }
  } finally {
    release();
  }
}

/**
 * How long an entry is kept after it was printed: the line that says whose it is may come at the end of
 * its invocation, and Lambda ends that after fifteen minutes.
 */
const keptMs = 15 * 60_000 + lateMs;

/** Prints each line once, though every look sees the last ones again. */
class Printer {
  readonly #shell: Shell;
  readonly #filter: Filter;
  readonly #json: boolean;
  readonly #kept = new Map<string, Entry>();
  readonly #printed = new Set<string>();
  /** What is older was kept, and is no longer. */
  #forgotten = 0;
  #count = 0;

  constructor(shell: Shell, filter: Filter, json: boolean) {
    this.#shell = shell;
    this.#filter = filter;
    this.#json = json;
  }

  /** Lines that were printed. */
  get count(): number {
    return this.#count;
  }

  print(events: readonly LogEvent[]): void {
    const streams = this.#keep(events);
    if (streams.size === 0) return;
    const touched = [...this.#kept].filter(([, { event }]) => streams.has(streamOf(event)));
    const keys = new Map(touched.map(([key, { event }]) => [event, key]));
    // Whose a line is may become known by one that came later.
    for (const entry of withOwners(touched.map(([, each]) => each))) {
      const key = keys.get(entry.event) ?? '';
      if (this.#printed.has(key) || !isWanted(entry, this.#filter)) continue;
      this.#printed.add(key);
      this.#count++;
      this.#shell.out(this.#json ? rawLine(entry) : entryText(entry));
    }
    this.#forget();
  }

  /** @returns the streams that have new ones among them */
  #keep(events: readonly LogEvent[]): Set<string> {
    const repeated = new Map<string, number>();
    const streams = new Set<string>();
    for (const event of events) {
      const text = JSON.stringify(event);
      const times = (repeated.get(text) ?? 0) + 1;
      repeated.set(text, times);
      const key = `${times} ${text}`;
      if (event.timestamp < this.#forgotten || this.#kept.has(key)) continue;
      this.#kept.set(key, readEntry(event));
      streams.add(streamOf(event));
    }
    return streams;
  }

  #forget(): void {
    const times = [...this.#kept.values()].map(({ event }) => event.timestamp);
    const newest = times.reduce((latest, time) => Math.max(latest, time), 0);
    this.#forgotten = newest - keptMs;
    for (const [key, { event }] of this.#kept) {
      if (event.timestamp >= this.#forgotten) continue;
      this.#kept.delete(key);
      this.#printed.delete(key);
    }
  }
}

/** The line as the function wrote it: JSON as it is, anything else as a JSON text. */
function rawLine({ event }: Entry): string {
  const line = event.message.trimEnd();
  return line.startsWith('{') ? line : JSON.stringify(line);
}
