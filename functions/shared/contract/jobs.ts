import type { TokenFacts } from './status.ts';
import type { RunUsage } from './usage.ts';

/** The kinds of work. Each has a function, a role and a schedule of its own. */
export const jobs = ['sync', 'drain', 'backup', 'prune', 'verify', 'restore', 'list'] as const;
export type Job = (typeof jobs)[number];

/** What made a run start. */
export const triggers = [
  'schedule',
  'drop',
  'sweep',
  'session-start',
  'session-end',
  'manual',
  /** A snapshot was taken: what retention no longer keeps can go. */
  'backup',
  'continuation',
] as const;
export type Trigger = (typeof triggers)[number];

/** What every trigger is turned into at the door: a job never sees an AWS event. */
export interface JobRequest {
  job: Job;
  agent: string;
  trigger: Trigger;
  /**
   * The id that the run is to have, so that whoever asks for it can look for its report. Where two
   * requests have the same, the second finds the first one's report and does nothing.
   */
  runId?: string;
  /** Says what would be done and writes nothing, anywhere. */
  dryRun?: boolean;
  /**
   * One-shot permission for a run that was blocked: it may delete at most this many files of the
   * cloud folder, though the source is empty or the limit is passed.
   */
  confirmDeletes?: number;
  /** sync: one way for this run, whatever the mode. */
  direction?: Direction;
  /**
   * sync in mode bisync: establishes the baseline anew. Everything that only one side has comes to
   * the other; what somebody had deleted comes back.
   */
  resync?: true;
  /** sync: fingerprint of the changed configuration that somebody has looked at; the run goes on. */
  confirmConfig?: string;
  /** verify and restore: id of the snapshot; by default the newest that is complete. */
  snapshot?: string;
  /** verify: how much of the archive is read back, in percent; by default all of it. */
  percent?: number;
  /** restore: paths and patterns of what is restored; by default everything. */
  paths?: string[];
  /** restore: where to; by default `staging`. */
  target?: RestoreTarget;
  /** restore to `live`: the word for writing over the agent's files. */
  confirm?: 'overwrite-live-files';
  /** restore to staging or cloud: takes a snapshot that nobody vouches for, though `encrypt` is set. */
  acceptUnencrypted?: boolean;
  /** prune: id of the snapshot whose anomaly somebody has looked at; pruning goes on. */
  confirmAnomaly?: string;
  /** list: of what; by default of `snapshots`. */
  of?: Listed;
  /** Set on a continuation: the run that goes on. */
  run?: RunProgress;
}

/** What can be listed: the agent's snapshots, or the files of its cloud folder. */
export const listed = ['snapshots', 'cloud'] as const;
export type Listed = (typeof listed)[number];

/** `pull`: the workspace becomes what the cloud folder is. `push`: the other way round. */
export const directions = ['pull', 'push'] as const;
export type Direction = (typeof directions)[number];

/** The two sides of a sync. */
export const sides = ['workspace', 'cloud'] as const;
export type Side = (typeof sides)[number];

/**
 * Where a restore writes to.
 * - `staging`: a new folder beside the agent's files, `restored/<run>/`.
 * - `cloud`: a new folder of the cloud folder's storage.
 * - `live`: over the agent's files; it adds and replaces, and deletes nothing.
 */
export const restoreTargets = ['staging', 'cloud', 'live'] as const;
export type RestoreTarget = (typeof restoreTargets)[number];

/** What one leg hands to the next. */
export interface RunProgress {
  runId: string;
  /** What made the run start: its report says so, whatever started the last leg. */
  trigger?: Trigger;
  /** Number of the leg that is asked for; the first leg of a run is 1. */
  leg: number;
  /** ISO 8601 start of the first leg: `timeout` counts from here. */
  startedAt: string;
  /** Legs in a row that finished nothing; at three the run fails. */
  legsWithoutProgress: number;
  /** What earlier legs did. */
  totals: RunTotals;
  /** What earlier legs used. */
  usage?: RunUsage;
}

/** Counters of a run over all its legs. */
export interface RunTotals {
  /** From the workspace to the cloud folder. */
  filesSent: number;
  bytesSent: number;
  /** From the cloud folder into the workspace, other than as a delivery. */
  filesReceived: number;
  bytesReceived: number;
  /** On either side. */
  filesDeleted: number;
  /** Files that both sides had changed; both versions are kept. */
  conflicts: number;
  filesDelivered: number;
  bytesDelivered: number;
  filesQuarantined: number;
  /** Files that were packed into a snapshot, read back from one, or written from one. */
  filesStored: number;
  bytesStored: number;
  filesVerified: number;
  bytesVerified: number;
  filesRestored: number;
  bytesRestored: number;
  snapshotsDeleted: number;
  apiRetries: number;
}

/**
 * How a run ended.
 * - `succeeded`: everything that had to be done is done.
 * - `partial`: some files could not be handled; they are in `skipped` with a reason each.
 * - `blocked`: a guard stopped it before anything was changed; `reason` says how to go on.
 * - `continued`: the leg's time was up; the next leg has been asked for.
 * - `skipped`: nothing was tried, for instance because another run holds the lease.
 * - `failed`: it could not be done; `reason` says why.
 */
export const runStates = [
  'succeeded',
  'partial',
  'blocked',
  'continued',
  'skipped',
  'failed',
] as const;
export type RunState = (typeof runStates)[number];

/** A file that a run left alone, and why. */
export interface SkippedFile {
  path: string;
  reason: string;
}

/** Why a run was not a plain success; `code` is stable, `message` is for people. */
export interface RunReason {
  code: string;
  message: string;
}

/** The kinds of change that a plan speaks of. */
export const changes = ['copy', 'update', 'delete', 'deliver', 'conflict'] as const;
export type Change = (typeof changes)[number];

/**
 * What a dry run would do, and what a blocked run would have done.
 * - `copy`: a file that the side does not have. `update`: one that it has otherwise.
 * - `delete`: a file that goes, into the trash where there is one.
 * - `deliver`: a drop, into the inbox.
 * - `conflict`: both sides have changed it; `side` is the one whose version wins.
 *
 * `totals` counts them all; the lists are cut at 1,000 names each.
 */
export type RunPlan = Record<Change, PlannedChange[]> & {
  totals: Record<Change, { files: number; bytes: number }>;
};

export interface PlannedFile {
  path: string;
  bytes: number;
}

/** A change of one file. */
export interface PlannedChange extends PlannedFile {
  /** Where it takes place. */
  side: Side;
}

/** A snapshot in a few words. */
export interface SnapshotSummary {
  id: string;
  /** Who wrote it: this product, or the original plugin. */
  format: 'workspace-sync' | 'plugin';
  createdAt: string;
  /** Absent for the plugin's: they have no manifest. */
  files?: number;
  bytes?: number;
  /** Bytes in the storage. */
  storedBytes: number;
  encrypted: boolean;
  /** Items of `include` that were not there, and a workspace that was empty. */
  missing?: string[];
  /** Databases among the files that were in use. */
  databasesInUse?: number;
  /** How its newest verification ended, and when. */
  verified?: { at: string; passed: boolean; percent: number };
  /** Why it deserves a look before older ones are given up. */
  anomalies?: string[];
}

/** What lies in a cloud folder. */
export interface CloudFiles {
  /** All of them, named or not. */
  files: number;
  bytes: number;
  /** At most 1,000, by path; what lies in this product's own folders comes last. */
  named: CloudFile[];
}

export interface CloudFile {
  /** Relative to the cloud folder. */
  path: string;
  bytes: number;
  /** ISO 8601, as the provider says. */
  modified: string;
}

/** What retention says of one snapshot. */
export interface RetentionDecision {
  id: string;
  keep: boolean;
  reasons: string[];
  /** Deleted, to be tried again, or left alone because nothing is deleted in a dry run. */
  outcome?: 'deleted' | 'pending';
}

/** The durable account of one run, in the state bucket and on the event bus. */
export interface JobReport extends RunTotals {
  version: 1;
  job: Job;
  agent: string;
  runId: string;
  trigger: Trigger;
  state: RunState;
  reason?: RunReason;
  startedAt: string;
  finishedAt: string;
  /** Wall time since the first leg began. */
  durationMs: number;
  legs: number;
  /** Reports of earlier releases have none. */
  usage?: RunUsage;
  /** At most 1,000 of them; `skippedFiles` is how many there were. */
  skipped: SkippedFile[];
  skippedFiles: number;
  /** Names of the files delivered to the inbox, at most 1,000. */
  delivered: string[];
  /** What deserves attention though the run went well. */
  warnings: string[];
  plan?: RunPlan;
  /** The plan in words, for people. */
  planText?: string;
  /** backup, verify, restore: the snapshot that it was about. */
  snapshot?: SnapshotSummary;
  /** backup: names what the snapshot holds, and where that was read from. */
  snapshotScope?: string;
  /** verify: snapshots that do not count, because objects or manifests of them are not whole. */
  damagedSnapshots?: { id: string; problem: string }[];
  /** list: newest first. */
  snapshots?: SnapshotSummary[];
  /** list of the cloud folder. */
  cloudFiles?: CloudFiles;
  /** prune: newest first. */
  retention?: RetentionDecision[];
  /** restore: where the files are. */
  restoredTo?: string;
  /** restore in a dry run: what would come, at most 1,000 of them. */
  wouldRestore?: PlannedFile[];
  /** sync towards the cloud folder: whether it has now all that the workspace had at the start. */
  pushed?: 'all' | 'some';
  /** Names the cloud folder and the mode of that. */
  pushedTo?: string;
  /** OAuth tokens that the last leg has used. */
  tokens?: TokenFacts[];
}
