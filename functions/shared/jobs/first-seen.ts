import * as z from 'zod';
import { epochOf } from '../clock.ts';
import { stateKeys } from '../contract/index.ts';
import { effectiveTime } from '../retention/effective-time.ts';
import type { Candidate } from '../retention/select.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Catalog } from '../snapshot/read/catalog.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';

const firstSeenSchema = z.record(z.string(), z.number());

/**
 * The snapshots with the time by which retention judges them. When one that is dated in the future
 * was first seen is remembered, so that it ages like any other.
 */
export async function datedCandidates(
  { store }: Runtime,
  agent: string,
  { snapshots }: Catalog,
  { now, fence, dryRun }: { now: number; fence: number; dryRun: boolean },
): Promise<Candidate[]> {
  const key = stateKeys.backup(agent, 'first-seen.json');
  const before = (await readFenced(store, key, firstSeenSchema)) ?? {};
  const seen: Record<string, number> = {};
  const candidates = snapshots.map(({ id, manifest, stored, verification }): Candidate => {
    const created = epochOf(manifest.createdAt);
    const dated = effectiveTime({ created, stored, firstSeen: before[id] }, now);
    if (dated.dated === 'future' || dated.dated === 'first-seen') seen[id] = before[id] ?? now;
    const failed = verification?.passed === false;
    return {
      id,
      ...dated,
      ...(verification ? { verification: failed ? 'failed' : 'passed' } : {}),
      ...(failed ? { failedAt: epochOf(verification.at) } : {}),
    };
  });
  const changed = JSON.stringify(seen) !== JSON.stringify(before);
  if (changed && !dryRun) await writeFenced(store, key, fence, seen);
  return candidates;
}
