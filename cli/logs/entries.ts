/** An event of CloudWatch Logs, as far as it is looked at. */
export interface LogEvent {
  /** Last part of the log group's name: the function, with its set where it has one. */
  function: string;
  stream: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  message: string;
}

/** Levels of the functions' loggers, by urgency. */
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/** One line of a log. */
export interface Entry {
  event: LogEvent;
  level: Level;
  message: string;
  /** Whose line it is, as far as the line or another one of the same invocation says. */
  agent?: string;
  runId?: string;
  /** A line of Lambda itself, or a metric: nothing that the functions say. */
  isPlatform: boolean;
}

/** Reads events, in the order of their time, and finds out whose they are. */
export function readEntries(events: readonly LogEvent[]): Entry[] {
  return withOwners(events.map(readEntry));
}

/**
 * Entries in the order of their time, with their owners. Few lines say which agent and run they belong
 * to: the others of the same invocation, between Lambda's START and END, belong to the same.
 */
export function withOwners(entries: readonly Entry[]): Entry[] {
  const current = new Map<string, Entry[]>();
  const invocations: Entry[][] = [];
  // CloudWatch may show a line after later ones, which belong to another invocation.
  const sorted = entries.toSorted((a, b) => a.event.timestamp - b.event.timestamp);
  const owned = sorted.map((stated) => {
    const entry = { ...stated };
    const { event } = entry;
    const stream = streamOf(event);
    const isFirst = event.message.startsWith('START RequestId');
    const invocation = (isFirst ? undefined : current.get(stream)) ?? [];
    if (invocation.length === 0) invocations.push(invocation);
    invocation.push(entry);
    current.set(stream, invocation);
    return entry;
  });
  for (const invocation of invocations) share(invocation);
  return owned;
}

/** Names the log of one worker: it runs one invocation after the other. */
export function streamOf({ function: name, stream }: LogEvent): string {
  return `${name} ${stream}`;
}

function share(invocation: Entry[]): void {
  const agent = invocation.find((entry) => entry.agent !== undefined)?.agent;
  const runId = invocation.find((entry) => entry.runId !== undefined)?.runId;
  for (const entry of invocation) {
    if (agent !== undefined) entry.agent ??= agent;
    if (runId !== undefined) entry.runId ??= runId;
  }
}

/** Reads one event by itself: its entry has an owner where it says so. */
export function readEntry(event: LogEvent): Entry {
  const message = event.message.trimEnd();
  const fields = parseFields(message);
  if (!fields) {
    const isPlatform = /^(?:START|END|INIT_START|REPORT) /.test(message) && !isFailure(message);
    return { event, level: isFailure(message) ? 'error' : 'info', message, isPlatform };
  }
  const { agent, runId } = ownerOf(fields);
  return {
    event,
    level: levelOf(fields['level']),
    message: messageOf(fields),
    isPlatform: '_aws' in fields,
    ...(agent === undefined ? {} : { agent }),
    ...(runId === undefined ? {} : { runId }),
  };
}

/** What Lambda says of a function that did not end by itself. */
function isFailure(message: string): boolean {
  return /Task timed out|Runtime exited|Runtime\.\w+|\bStatus: (?:timeout|error)/.test(message);
}

type Fields = Record<string, unknown>;

function parseFields(message: string): Fields | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return JSON.parse(message) as Fields;
  } catch {
    return undefined;
  }
}

function ownerOf(fields: Fields): { agent?: string; runId?: string } {
  const report = asFields(fields['report']);
  const agent = textOf(fields['agent']) ?? textOf(report['agent']);
  const runId = textOf(fields['runId']) ?? textOf(report['runId']);
  return { ...(agent === undefined ? {} : { agent }), ...(runId === undefined ? {} : { runId }) };
}

/** The message, and the error's own words where there are some. */
function messageOf(fields: Fields): string {
  const message = textOf(fields['message']) ?? JSON.stringify(fields);
  const error = fields['error'];
  const why = textOf(error) ?? textOf(asFields(error)['message']);
  const reason =
    textOf(fields['reason']) ?? textOf(asFields(asFields(fields['report'])['reason'])['message']);
  return [message, why, reason].filter((part) => part !== undefined).join(': ');
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function levelOf(value: unknown): Level {
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  return levels.find((level) => level === name) ?? (name === 'critical' ? 'error' : 'info');
}
