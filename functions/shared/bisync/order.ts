import type { RunPlan, RunReason, SkippedFile } from '../contract/index.ts';
import type { Remote } from '../rclone/remote.ts';
import type { Trouble } from '../rclone/trouble.ts';
import type { ProgressMeter } from '../runtime/progress.ts';
import type { RcloneSession } from '../rclone/session.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { Log } from '../telemetry.ts';
import type { DeleteLimits } from './guard.ts';

/** What a run of bisync is to do. */
export interface BisyncOrder {
  agent: string;
  runId: string;
  fence: number;
  /** Names the pair of places: what is remembered of another pair says nothing. */
  binding: string;
  dryRun: boolean;
  /** Joins both sides anew, without regard to what is remembered. */
  resync: boolean;
  /** Whose version wins where both have changed a file. `local` is the workspace. */
  conflictResolve: 'newer' | 'local' | 'remote';
  /** Stops unless both sides have the same files named {@link marker}. */
  checkAccess: boolean;
  limits: DeleteLimits;
}

export interface BisyncDeps {
  session: RcloneSession;
  workspace: Remote;
  cloud: Remote;
  /** Excludes of both sides, the reserved folders among them. */
  exclude: string[];
  /**
   * Folder below the root of each side for what is deleted or overwritten there; the excludes have to
   * hold it. `undefined` deletes for good.
   */
  trash: string | undefined;
  store: ObjectStore;
  /** For small files, for the length of the run. */
  temporaryFolder: string;
  log: Log;
  progress: ProgressMeter;
}

/** How a run of bisync ended. */
export interface BisyncResult {
  blocked?: RunReason;
  plan: RunPlan;
  /** Files copied from the workspace to the cloud folder, losers of conflicts among them. */
  filesSent: number;
  bytesSent: number;
  /** Files copied from the cloud folder to the workspace. */
  filesReceived: number;
  bytesReceived: number;
  /** On both sides together. */
  filesDeleted: number;
  conflicts: number;
  retries: number;
  /** Files that could not be copied, with rclone's reason. */
  skipped: SkippedFile[];
  /** What stands in the way of more than one file, such as a full account. */
  trouble?: Trouble;
  warnings: string[];
  /** Whether the leg's time was up before everything was done. */
  timeUp: boolean;
}
