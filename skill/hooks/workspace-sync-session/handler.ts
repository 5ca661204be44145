/**
 * A hook of OpenClaw: tells the event bus of a Workspace Sync deployment that a session of an agent
 * has begun or ended. The gateway neither waits for it nor fails because of it: whatever goes wrong
 * becomes one line of the gateway's log.
 */
import { execFile } from 'node:child_process';
import type * as Sdk from '@aws-sdk/client-eventbridge';

/** What is used of the events that OpenClaw hands to its hooks. */
export interface HookEvent {
  type: string;
  action: string;
  sessionKey?: string;
  context?: { agentId?: unknown; sessionId?: unknown };
}

/** An entry of PutEvents. */
interface Entry {
  EventBusName: string;
  Source: 'openclaw.gateway';
  DetailType: Meaning;
  Detail: string;
}

type Meaning = 'Session Started' | 'Session Ended';

/** What the events of OpenClaw mean; HOOK.md says why. */
const meanings: Record<string, Meaning> = {
  'agent:bootstrap': 'Session Started',
  'command:new': 'Session Ended',
  'command:reset': 'Session Ended',
  'command:stop': 'Session Ended',
  'session:auto-reset': 'Session Ended',
};

/** Called by the gateway for each event that HOOK.md names; it comes back at once. */
export default function handler(event: HookEvent): void {
  void tell(event).catch(complain);
}

async function tell(event: HookEvent): Promise<void> {
  const { sessionKey = '' } = event;
  const meaning = meanings[`${event.type}:${event.action}`];
  // What a sub-agent does is part of the session that sent it.
  if (!meaning || sessionKey.includes(':subagent:')) return;
  if (meaning === 'Session Started' && !isFirstTurn(event)) return;
  const limitMs = Number(process.env['WORKSPACE_SYNC_EVENT_TIMEOUT'] ?? '10') * 1_000;
  await put(
    {
      EventBusName: bus(),
      Source: 'openclaw.gateway',
      DetailType: meaning,
      Detail: JSON.stringify({ agent: agentOf(event) }),
    },
    limitMs,
  );
}

function bus(): string {
  const name = process.env['WORKSPACE_SYNC_EVENT_BUS'];
  if (name) return name;
  throw new Error('set WORKSPACE_SYNC_EVENT_BUS to the EventBusName that the deployment printed');
}

/** The name that the deployment knows the agent by. */
function agentOf({ sessionKey = '', context }: HookEvent): string {
  const inKey = /^agent:([^:]{1,63}):/.exec(sessionKey)?.[1];
  const inContext = typeof context?.agentId === 'string' ? context.agentId : undefined;
  const name = process.env['WORKSPACE_SYNC_AGENT'] ?? inKey ?? inContext;
  if (name) return name;
  throw new Error('this session names no agent: set WORKSPACE_SYNC_AGENT to the one it belongs to');
}

/** The newest session under each key, of those that have had a turn. */
const begun = new Map<string, unknown>();
const maxRemembered = 1_000;

/** OpenClaw bootstraps an agent before every turn, and only the first one begins a session. */
function isFirstTurn({ sessionKey = '', context }: HookEvent): boolean {
  if (begun.has(sessionKey) && begun.get(sessionKey) === context?.sessionId) return false;
  begun.delete(sessionKey);
  begun.set(sessionKey, context?.sessionId);
  for (const oldest of begun.keys()) {
    if (begun.size <= maxRemembered) break;
    begun.delete(oldest);
  }
  return true;
}

/** Puts the entry on the bus, with the AWS SDK where the gateway has it, else with the AWS CLI. */
async function put(entry: Entry, limitMs: number): Promise<void> {
  const sdk = await import('@aws-sdk/client-eventbridge').catch(() => undefined);
  const answer = sdk ? await putBySdk(sdk, entry, limitMs) : await putByCli(entry, limitMs);
  if ((answer.FailedEntryCount ?? 0) === 0) return;
  throw new Error(answer.Entries?.[0]?.ErrorMessage ?? 'the event bus did not take the event');
}

interface Answer {
  FailedEntryCount?: number | undefined;
  Entries?: { ErrorMessage?: string | undefined }[] | undefined;
}

async function putBySdk(sdk: typeof Sdk, entry: Entry, limitMs: number): Promise<Answer> {
  const client = new sdk.EventBridgeClient({ maxAttempts: 2 });
  const command = new sdk.PutEventsCommand({ Entries: [entry] });
  // Looking for credentials takes time, too, and knows no signal.
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(noAnswer(limitMs)));
    }, limitMs);
  });
  try {
    const abortSignal = AbortSignal.timeout(limitMs);
    return await Promise.race([client.send(command, { abortSignal }), tooLate]);
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}

async function putByCli(entry: Entry, limitMs: number): Promise<Answer> {
  const args = ['events', 'put-events', '--output', 'json', '--entries', JSON.stringify([entry])];
  return JSON.parse(await runCli(args, limitMs)) as Answer;
}

function runCli(args: string[], limitMs: number): Promise<string> {
  // Version 1 of the CLI knows the region by its older name only.
  const region = process.env['AWS_DEFAULT_REGION'] ?? process.env['AWS_REGION'];
  const env = { ...process.env, ...(region && { AWS_DEFAULT_REGION: region }), AWS_PAGER: '' };
  const options = { env, timeout: limitMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile('aws', args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.killed) reject(new Error(noAnswer(limitMs)));
      else if (error.code === 'ENOENT') reject(new Error(nothingToSendWith));
      else reject(new Error(stderr.trim() || error.message));
    });
  });
}

const nothingToSendWith =
  'the gateway needs the AWS CLI, or the package @aws-sdk/client-eventbridge, to reach the event bus';

function noAnswer(limitMs: number): string {
  return `no answer from the event bus within ${limitMs / 1_000} s`;
}

/** One line, whatever happened: the next session tries again, and the schedule syncs meanwhile. */
function complain(error: unknown): void {
  const message = error instanceof Error ? error.message || error.name : String(error);
  const line = message.replace(/\s+/g, ' ').slice(0, 300);
  // eslint-disable-next-line no-console -- the gateway’s own log is its console
  console.warn(`[workspace-sync-session] the deployment was not told: ${line}`);
}
