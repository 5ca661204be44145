import * as z from 'zod';
import { stateKeys } from '../../contract/index.ts';
import type { ObjectStore } from '../../state/object-store.ts';
import { readFenced, writeFenced } from '../../state/fenced.ts';
import { keysSchema } from '../encryption/keys.ts';
import { segmentSchema } from '../manifest.ts';
import { findingsSchema } from './findings.ts';
import { positionSchema } from './position.ts';

const checkpointSchema = z.object({
  /** The run, and the snapshot that it makes. */
  id: z.string(),
  createdAt: z.string(),
  /** What is read: the configuration may be changed while a run goes on. */
  scope: z.string(),
  /** How and where to it is written; all legs have to do it the same way. */
  manner: z.string().exactOptional(),
  keys: keysSchema.nullable(),
  missing: z.array(z.string()),
  segments: z.array(segmentSchema),
  /** Whether everything is packed, and only the manifest is missing. */
  packed: z.boolean(),
  /** Whether the manifest is written, too: a leg that is asked for once more has nothing to do. */
  finished: z.boolean().exactOptional(),
  position: positionSchema,
  findings: findingsSchema,
  /** Which of the two places for fingerprints this run may write to, and what it has written. */
  slot: z.enum(['a', 'b']),
  fingerprints: z.array(z.string()),
});

/**
 * What one leg of a backup leaves to the next. It is written after each segment: everything that it
 * names is complete in the destination, and nothing before its position is read again.
 */
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Where the checkpoints of a run are kept. */
export interface Checkpoints {
  load(): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint): Promise<void>;
}

/** Checkpoints of an agent in the state bucket, written only under the run's own lease. */
export function checkpointsIn(store: ObjectStore, agent: string, fence: number): Checkpoints {
  const key = stateKeys.backup(agent, 'checkpoint.json.gz');
  return {
    load: () => readFenced(store, key, checkpointSchema),
    save: (checkpoint) => writeFenced(store, key, fence, checkpoint),
  };
}
