import * as z from 'zod';
import { stateKeys, type Amount } from '../contract/index.ts';
import { anomalies } from '../snapshot/pack/anomaly.ts';
import type { Checkpoint } from '../snapshot/pack/checkpoint.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import { readJson } from '../state/json.ts';
import type { ObjectStore } from '../state/object-store.ts';

const baselineSchema = z.object({
  snapshot: z.string(),
  sha256: z.string(),
  scope: z.string(),
  slot: z.enum(['a', 'b']),
  fingerprints: z.array(z.string()),
  control: z.record(z.string(), z.int().nonnegative()),
  /** What the snapshot holds; earlier releases did not write it down. */
  files: z.int().nonnegative().exactOptional(),
  bytes: z.int().nonnegative().exactOptional(),
  /** Files of each item that can be included. */
  items: z.record(z.string(), z.int().nonnegative()).exactOptional(),
});
export type BaselineRecord = z.infer<typeof baselineSchema>;

const holdSchema = z.object({
  snapshot: z.string(),
  since: z.string(),
  anomalies: z.array(z.string()),
  /** Somebody has looked at it. */
  confirmed: z.boolean().default(false),
});

/** Why nothing is pruned until somebody has had a look. */
export type Hold = z.infer<typeof holdSchema>;

/** Beyond this a comparison would take more memory than a snapshot may: four million files. */
const maxFingerprintBytes = 64 * 1024 * 1024;

/** What is remembered of an agent's snapshots between runs, apart from the snapshots themselves. */
export class BackupMemory {
  readonly #store: ObjectStore;
  readonly #agent: string;
  readonly #fence: number;

  constructor(store: ObjectStore, agent: string, fence: number) {
    this.#store = store;
    this.#agent = agent;
    this.#fence = fence;
  }

  /** Keeps the fingerprints of one segment, in the place that the baseline does not use. */
  async keepFingerprints(
    slot: Checkpoint['slot'],
    segment: number,
    fingerprints: Buffer,
  ): Promise<string> {
    const key = this.#key(`fingerprints/${slot}/${segment}`);
    await this.#store.put(key, fingerprints);
    return key;
  }

  /** What the newest snapshot looked like. */
  baseline(): Promise<BaselineRecord | undefined> {
    return readFenced(this.#store, this.#key('baseline.json'), baselineSchema);
  }

  /** About what a snapshot of this scope will hold: what the one before did. */
  async expected(scope: string): Promise<Amount | undefined> {
    const before = await this.baseline();
    if (before?.scope !== scope || before.files === undefined) return undefined;
    return { files: before.files, bytes: before.bytes ?? 0 };
  }

  async keepBaseline(checkpoint: Checkpoint, sha256: string): Promise<void> {
    const record: BaselineRecord = {
      snapshot: checkpoint.id,
      sha256,
      scope: checkpoint.scope,
      slot: checkpoint.slot,
      fingerprints: checkpoint.fingerprints,
      control: checkpoint.findings.control,
      files: checkpoint.findings.files,
      bytes: checkpoint.findings.bytes,
      items: checkpoint.findings.items,
    };
    await writeFenced(this.#store, this.#key('baseline.json'), this.#fence, record);
  }

  /** What is odd about a snapshot, held against the one before. */
  async compare(
    checkpoint: Checkpoint,
    before: BaselineRecord | undefined,
    limitPercent: number,
  ): Promise<string[]> {
    if (before?.scope !== checkpoint.scope) return [];
    const [old, now] = await Promise.all([
      this.#fingerprints(before.fingerprints),
      this.#fingerprints(checkpoint.fingerprints),
    ]);
    // Without fingerprints the control files are still looked at.
    const comparable = old && now ? { old, now } : { old: Buffer.alloc(0), now: Buffer.alloc(0) };
    const baseline = {
      snapshot: before.snapshot,
      fingerprints: comparable.old,
      control: before.control,
    };
    return anomalies(baseline, comparable.now, checkpoint.findings.control, limitPercent);
  }

  /** Holds pruning back; what stood before is part of what has to be looked at. */
  async hold(hold: Omit<Hold, 'confirmed'>): Promise<void> {
    const before = await this.standingHold();
    const all = [...(before?.anomalies ?? []), ...hold.anomalies];
    const since = before?.since ?? hold.since;
    await this.#store.put(
      this.#key('hold.json'),
      JSON.stringify({ ...hold, since, anomalies: all }),
    );
  }

  /** The hold that stands, if one does. */
  async standingHold(): Promise<Hold | undefined> {
    const hold = await readJson(this.#store, this.#key('hold.json'), holdSchema);
    return hold && !hold.value.confirmed ? hold.value : undefined;
  }

  /** Lets pruning go on, if the hold is still the one that somebody has looked at. */
  async confirm(snapshot: string): Promise<boolean> {
    const key = this.#key('hold.json');
    const hold = await readJson(this.#store, key, holdSchema);
    if (hold?.value.snapshot !== snapshot) return false;
    const body = JSON.stringify({ ...hold.value, confirmed: true });
    return (await this.#store.put(key, body, { ifMatch: hold.etag })).written;
  }

  async #fingerprints(keys: readonly string[]): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (const key of keys) {
      const part = await this.#store.get(key);
      if (!part) return undefined;
      bytes += part.body.length;
      if (bytes > maxFingerprintBytes) return undefined;
      parts.push(part.body);
    }
    return Buffer.concat(parts);
  }

  #key(name: string): string {
    return stateKeys.backup(this.#agent, name);
  }
}
