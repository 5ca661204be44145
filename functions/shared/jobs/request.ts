import * as z from 'zod';
import {
  directions,
  eventSources,
  eventTypes,
  jobs,
  listed,
  restoreTargets,
  triggers,
  type Job,
  type JobRequest,
  type RunTotals,
} from '../contract/index.ts';
import { usageSchema } from '../cost/month.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { totalNames } from '../runtime/report.ts';

const count = z.number().nonnegative();
const totals = Object.fromEntries(totalNames.map((name) => [name, count])) as Record<
  keyof RunTotals,
  typeof count
>;
const runId = z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/, {
  error:
    'an id of a run looks like 20261122T101500Z-0a1b2c3d: its start, and eight hexadecimal digits',
});
const snapshotId = z.string().regex(/^\d{8}T\d{6}Z(?:-[0-9a-f]{8})?$/);

const requestSchema: z.ZodType<JobRequest> = z.strictObject({
  job: z.enum(jobs),
  agent: z.string().min(1),
  trigger: z.enum(triggers),
  runId: runId.exactOptional(),
  dryRun: z.boolean().exactOptional(),
  confirmDeletes: z.int().positive().exactOptional(),
  direction: z.enum(directions).exactOptional(),
  resync: z.literal(true).exactOptional(),
  confirmConfig: z.string().min(1).exactOptional(),
  snapshot: snapshotId.exactOptional(),
  percent: z.number().positive().max(100).exactOptional(),
  paths: z.array(z.string().min(1)).min(1).exactOptional(),
  target: z.enum(restoreTargets).exactOptional(),
  confirm: z.literal('overwrite-live-files').exactOptional(),
  acceptUnencrypted: z.boolean().exactOptional(),
  confirmAnomaly: snapshotId.exactOptional(),
  of: z.enum(listed).exactOptional(),
  run: z
    .strictObject({
      runId: z.string().regex(/^[\w-]+$/),
      trigger: z.enum(triggers).exactOptional(),
      leg: z.int().positive(),
      startedAt: z.iso.datetime(),
      legsWithoutProgress: z.int().nonnegative(),
      totals: z.strictObject(totals),
      usage: usageSchema.exactOptional(),
    })
    .exactOptional(),
});

const eventSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.unknown(),
});

const sessionSchema = z.object({ agent: z.string().min(1) });

/**
 * Turns what invoked a function into a request: a schedule's or a person's own request, a
 * continuation, or a session event of a gateway.
 *
 * `{ "agent": "main" }` is enough for a person.
 * @throws RequestError that names every fault.
 */
export function parseRequest(event: unknown, job: JobRequest['job']): JobRequest {
  const request = readRequest(event, job);
  if (request.job !== job) {
    throw new RequestError(
      `it asks for the job "${request.job}", and this function runs "${job}". Invoke the other one`,
    );
  }
  const own: readonly string[] = keysOf[job];
  const foreign = Object.keys(request).filter((key) => !general.has(key) && !own.includes(key));
  if (foreign.length > 0) {
    const known = own.length > 0 ? `it knows "${own.join('", "')}"` : 'it needs the agent only';
    throw new RequestError(`"${foreign.join('", "')}" means nothing to "${job}": ${known}`);
  }
  return request;
}

/** Keys that every request may have. */
const general = new Set(['job', 'agent', 'trigger', 'runId', 'run']);

/** Keys that mean something to one job. */
const keysOf: Record<Job, readonly (keyof JobRequest)[]> = {
  sync: ['dryRun', 'confirmDeletes', 'direction', 'resync', 'confirmConfig'],
  drain: [],
  backup: [],
  prune: ['dryRun', 'confirmAnomaly'],
  verify: ['snapshot', 'percent'],
  restore: ['dryRun', 'snapshot', 'paths', 'target', 'confirm', 'acceptUnencrypted'],
  list: ['of'],
};

function readRequest(event: unknown, job: JobRequest['job']): JobRequest {
  const envelope = eventSchema.safeParse(event);
  if (!envelope.success) return parseOwn({ job, trigger: 'manual', ...asObject(event) });
  const { source, 'detail-type': type, detail } = envelope.data;
  if (source === eventSources.own && type === eventTypes.continuation) return parseOwn(detail);
  const trigger = sessionTriggers[type];
  if (source === eventSources.gateway && trigger) return sessionRequest(trigger, detail);
  throw new RequestError(`an event "${type}" of "${source}" is not one that this function takes`);
}

const sessionTriggers: Record<string, JobRequest['trigger'] | undefined> = {
  [eventTypes.sessionStarted]: 'session-start',
  [eventTypes.sessionEnded]: 'session-end',
};

function asObject(event: unknown): object {
  if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event;
  throw new RequestError('the payload is not a JSON object such as {"agent": "main"}');
}

function parseOwn(value: unknown): JobRequest {
  const parsed = requestSchema.safeParse(value);
  if (!parsed.success) throw new RequestError(z.prettifyError(parsed.error));
  return parsed.data;
}

function sessionRequest(trigger: JobRequest['trigger'], detail: unknown): JobRequest {
  const session = sessionSchema.safeParse(detail);
  if (!session.success) throw new RequestError('a session event needs detail {"agent": "<name>"}');
  return { job: 'sync', agent: session.data.agent, trigger };
}

/** What invoked the function makes no sense; nothing was done. */
export class RequestError extends WorkspaceSyncError {
  constructor(problem: string) {
    super(`The request cannot be understood: ${problem}`, { code: 'request', retryable: false });
  }
}
