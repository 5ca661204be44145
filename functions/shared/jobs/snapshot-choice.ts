import { epochOf } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import { clockToleranceMs } from '../retention/effective-time.ts';
import type { JobResult } from '../runtime/report.ts';
import { reasonOf, type RunContext } from '../runtime/run.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Keys } from '../snapshot/encryption/decryption.ts';
import { SnapshotMissingError, SnapshotDamagedError } from '../snapshot/read/errors.ts';
import type { Catalog, CatalogSnapshot } from '../snapshot/read/catalog.ts';
import type { SnapshotStore } from '../snapshot/store/store.ts';
import { withSecrets } from '../workspace/places.ts';

/**
 * The snapshot that is meant: the one named, or the newest. The newest is not one that says it comes
 * from the future, nor one without encryption where the configuration asks for that: anybody who
 * may write to the storage can put such a one there.
 * @throws SnapshotMissingError, SnapshotDamagedError
 */
export function choose(
  catalog: Catalog,
  wanted: string | undefined,
  { agent, store, now, trusted = false }: Choice,
): CatalogSnapshot {
  const known = catalog.snapshots.map(({ id }) => id);
  const damaged = catalog.damaged.find(({ id }) => id === wanted);
  if (damaged) throw new SnapshotDamagedError(damaged.id, damaged.problem);
  const chosen =
    wanted === undefined
      ? catalog.snapshots.find(
          ({ manifest, verification }) =>
            epochOf(manifest.createdAt) <= now + clockToleranceMs &&
            (!agent.backup.encrypt || manifest.encryption !== null) &&
            (!trusted || verification?.passed !== false),
        )
      : catalog.snapshots.find(({ id }) => id === wanted);
  if (!chosen) throw new SnapshotMissingError(wanted ?? 'latest', store.description, known);
  return chosen;
}

/**
 * What becomes of a run whose request names a snapshot that is not there: the request is rejected.
 * Where it vanished between two legs, or none was named, the run has failed.
 */
export function rejection(
  error: unknown,
  { request, leg }: Pick<RunContext, 'request' | 'leg'>,
): JobResult | undefined {
  const isMissing = error instanceof SnapshotMissingError && request.snapshot !== undefined;
  if (!isMissing || leg > 1) return undefined;
  return { state: 'failed', reason: reasonOf(error), rejected: true };
}

export interface Choice {
  agent: AgentConfig;
  store: SnapshotStore;
  now: number;
  /** Whether the newest must not be one that a verification has found bad. */
  trusted?: boolean;
}

/** What the deployment has to open snapshots with. */
export async function keysOf(runtime: Runtime, { name, backup }: AgentConfig): Promise<Keys> {
  const { passphrase } = await withSecrets(runtime, name, 'passphrase', {
    passphrase: backup.passphrase,
  });
  return {
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(backup.kmsKeyArn === undefined ? {} : { kms: backup.kmsKeyArn }),
  };
}
