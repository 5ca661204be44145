import { epochOf } from '../../functions/shared/clock.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { openContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { readEntries, type Entry, type Level, type LogEvent } from './entries.ts';
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

/** Prints each line once, though every look sees the last ones again. */
class Printer {
  readonly #shell: Shell;
  readonly #filter: Filter;
  readonly #json: boolean;
  readonly #seen = new Map<string, LogEvent>();
  readonly #printed = new Set<string>();

  constructor(shell: Shell, filter: Filter, json: boolean) {
    this.#shell = shell;
    this.#filter = filter;
    this.#json = json;
  }

  get count(): number {
    return this.#printed.size;
  }

  print(events: readonly LogEvent[]): void {
    const repeated = new Map<string, number>();
    for (const event of events) {
      const key = JSON.stringify(event);
      const times = (repeated.get(key) ?? 0) + 1;
      repeated.set(key, times);
      this.#seen.set(`${times} ${key}`, event);
    }
    const keys = new Map([...this.#seen].map(([key, event]) => [event, key]));
    // Whose a line is may become known by one that came later.
    for (const entry of readEntries([...this.#seen.values()])) {
      const key = keys.get(entry.event) ?? '';
      if (this.#printed.has(key) || !this.#isWanted(entry)) continue;
      this.#printed.add(key);
      this.#shell.out(this.#json ? rawLine(entry) : entryText(entry));
    }
  }

  #isWanted(entry: Entry): boolean {
    return isWanted(entry, this.#filter);
  }
}

/** The line as the function wrote it: JSON as it is, anything else as a JSON text. */
function rawLine({ event }: Entry): string {
  const line = event.message.trimEnd();
  return line.startsWith('{') ? line : JSON.stringify(line);
}
