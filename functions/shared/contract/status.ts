import type { Job, RunReason, RunState, SnapshotSummary, Trigger } from './jobs.ts';

/**
 * What a run says of itself while it is at work, under {@link stateKeys.running}: written when it has
 * lasted a few seconds, again every few seconds, and a last time when it has ended.
 */
export interface RunningRecord {
  version: 1;
  job: Job;
  agent: string;
  runId: string;
  trigger: Trigger;
  leg: number;
  /** ISO 8601. Of the run, not of the leg. */
  startedAt: string;
  updatedAt: string;
  /** `between-legs`: the next leg has been asked for. */
  state: 'running' | 'between-legs' | 'ended';
  /** What is being done, in a few words: `copying to the cloud folder`. */
  doing?: string;
  /** Over all legs. */
  done: Amount;
  /** What there is to do in all, as far as it is known. */
  total?: Amount;
}

export interface Amount {
  files: number;
  bytes: number;
}

/**
 * Everything that is known of an agent without touching its cloud folder: what the command's `status`
 * shows, and what lies in the workspace as `.workspace-sync/status.json` for the agent itself.
 */
export interface AgentStatus {
  version: 1;
  /** ISO 8601: when this was put together. */
  asOf: string;
  deployment: string;
  agent: string;
  /** `off` where there is no cloud folder. */
  provider: string;
  mode?: string;
  remotePath: string;
  localPath: string;
  /** Whether any job of the agent is at work. */
  running: boolean;
  /** When the workspace and the cloud folder were last in step. */
  lastSyncAt?: string;
  /** Syncs that ended, and those among them that failed or were blocked. */
  syncCount: number;
  errorCount: number;
  /** All is well: nothing below deserves a look. */
  healthy: boolean;
  /** What deserves a look, in sentences, worst first; each with the runbook's heading about it. */
  problems: StatusProblem[];
  jobs: JobFacts[];
  recoveryPoint: RecoveryPoint;
  /** The newest that passed a verification of all of it; absent where none has yet. */
  lastVerifiedSnapshot?: SnapshotSummary;
  /** OAuth tokens, by the reference that stands for them; never their values. */
  tokens: TokenFacts[];
  /** Messages that wait for a person, by queue; only queues that hold any. */
  deadLetters: DeadLetters[];
  /** Set while the deployment's monthly cap holds everything but backups back. */
  paused?: Paused;
}

export interface StatusProblem {
  /** Stable: a run's reason code, or `dead-letters`, `overdue`, `unverified`, … */
  code: string;
  message: string;
  /** Anchor in docs/runbook.md, without the `#`. */
  runbook?: string;
}

/** What is known of one job of an agent. Jobs that are switched off are not listed. */
export interface JobFacts {
  job: Job;
  /** Seconds between its scheduled runs; 0 where only a person or an event starts it. */
  interval: number;
  /** When the schedule will start it next, to the minute; absent without a schedule. */
  nextRunAt?: string;
  /** Runs that ended, and those among them that did not succeed. */
  runs: number;
  errors: number;
  lastSuccessAt?: string;
  last?: LastRun;
  /** The run that is at work now. */
  running?: RunningRecord;
}

/** How the last run of a job ended. */
export interface LastRun {
  runId: string;
  state: RunState;
  reason?: RunReason;
  startedAt: string;
  finishedAt: string;
  files: number;
  bytes: number;
  skippedFiles: number;
  /** Absent where an earlier release has written the record. */
  filesDeleted?: number;
  conflicts: number;
}

/** What would be lost if the workspace died now. */
export interface RecoveryPoint {
  /** The newest copy of the workspace that is elsewhere; absent where there is none. */
  at?: string;
  /** Where that copy is. */
  from?: 'cloud-folder' | 'snapshot';
  /** Seconds of work that would be lost; absent where there is no copy. */
  lossSeconds?: number;
  /** The same as a sentence for people. */
  text: string;
}

export interface TokenFacts {
  /** Block of the configuration: `sync`, `backup` or `workspace`. */
  scope: string;
  /** Name of the reference, such as `DROPBOX_TOKEN`. */
  reference: string;
  /** When the access token ends; it is refreshed by the next run. */
  expiresAt?: string;
  /** When a run last saw it. */
  seenAt: string;
}

export interface DeadLetters {
  queue: 'drops' | 'schedules' | 'requests' | 'notifications';
  messages: number;
}

/** Why nothing but backups runs. */
export interface Paused {
  /** `2026-11`. */
  month: string;
  /** US dollars: the cap, and the estimate of what was used. */
  cap: number;
  used: number;
  since: string;
}
