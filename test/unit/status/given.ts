import { agentSchema, type AgentConfig } from '../../../functions/shared/config/agent.ts';
import { backupScope } from '../../../functions/shared/config/backup-scope.ts';
import { pushTarget } from '../../../functions/shared/config/push-target.ts';
import type {
  Job,
  RunningRecord,
  SnapshotSummary,
} from '../../../functions/shared/contract/index.ts';
import type { JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import type { AgentRecords } from '../../../functions/shared/status/records.ts';

/** What every test takes for now. */
export const now = Date.parse('2026-11-22T12:00:00.000Z');

/** So many seconds before now. */
export function ago(seconds: number): string {
  return new Date(now - seconds * 1_000).toISOString();
}

export const hour = 3_600;

/** An agent with a sync every five minutes and a snapshot a day. */
export function givenAgent(sync: object = {}, backup: object = {}): AgentConfig {
  return agentSchema.parse({
    name: 'main',
    workspace: { kind: 's3' },
    sync: {
      provider: 'dropbox',
      mode: 'mailbox',
      interval: 300,
      localPath: '/',
      dropbox: { token: '${TOKEN}' },
      ...sync,
    },
    backup: { enabled: true, interval: 24 * hour, verifyInterval: 7 * 24 * hour, ...backup },
  });
}

export function givenWebhook(): NonNullable<AgentConfig['webhook']> {
  const url = 'https://gateway.example.com/hooks';
  const { webhook } = agentSchema.parse({ name: 'a', webhook: { url, token: '${T}' } });
  if (!webhook) throw new Error('the schema has left the webhook out');
  return webhook;
}

/** A job that succeeded a minute ago, but for what is said otherwise. */
export function givenStatus(changes: Partial<JobStatus> = {}): JobStatus {
  return {
    version: 1,
    runs: 10,
    errors: 0,
    lastSuccessAt: ago(60),
    lastState: 'succeeded',
    lastRunId: 'last',
    lastStartedAt: ago(70),
    lastFinishedAt: ago(60),
    lastWholeAt: ago(60),
    ...changes,
  };
}

export function givenSnapshot(id: string, secondsAgo: number): SnapshotSummary {
  const createdAt = ago(secondsAgo);
  return { id, format: 'workspace-sync', createdAt, storedBytes: 1, encrypted: true };
}

export function givenRunning(changes: Partial<RunningRecord> = {}): RunningRecord {
  return {
    version: 1,
    job: 'sync',
    agent: 'main',
    runId: 'now',
    trigger: 'schedule',
    leg: 1,
    startedAt: ago(30),
    updatedAt: ago(3),
    state: 'running',
    done: { files: 1, bytes: 2 },
    ...changes,
  };
}

/** The records of an agent that does well. */
export function givenRecords(
  jobs: Partial<Record<Job, Partial<JobStatus>>> = {},
  others: Partial<AgentRecords> = {},
): AgentRecords {
  const { sync, backup, verify, ...rest } = jobs;
  const more = Object.entries(rest).map(([job, changes]) => [
    job,
    { status: givenStatus(changes) },
  ]);
  return {
    jobs: {
      sync: {
        status: givenStatus({
          lastPushedAt: ago(70),
          lastPushedTo: pushTarget(givenAgent()),
          ...sync,
        }),
      },
      backup: {
        status: givenStatus({
          snapshot: givenSnapshot('young', 10 * hour),
          snapshotScope: { name: backupScope(givenAgent()), since: ago(1_000 * hour) },
          ...backup,
        }),
      },
      verify: {
        status: givenStatus({ verifiedSnapshot: givenSnapshot('good', 20 * hour), ...verify }),
      },
      ...(Object.fromEntries(more) as AgentRecords['jobs']),
    },
    deadLetters: [],
    unreadable: [],
    ...others,
  };
}
