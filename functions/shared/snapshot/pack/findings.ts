import { hash } from 'node:crypto';
import * as z from 'zod';
import type { SkippedFile } from '../../contract/index.ts';
import type { FileEntry } from '../file-list.ts';
import { itemsOf } from './items.ts';

/** What may be odd about a file. */
export const findingKinds = [
  'changed',
  'cut',
  'vanished',
  'unreadable',
  'renamed',
  'passed over',
  'database in use',
] as const;
export type FindingKind = (typeof findingKinds)[number];

const texts: Record<FindingKind, string> = {
  changed: 'was written to while it was read: what is stored may be half old and half new',
  cut: 'broke off while it was read, because it got shorter or was replaced: the rest is zeros',
  vanished: 'was deleted after it had been listed',
  unreadable: 'cannot be read, or has a name that no snapshot can hold',
  renamed: 'has a name that no restore may write: it is stored under renamed/',
  'passed over': 'is a link or another special file: only plain files are stored',
  'database in use':
    'is a database in use, stored with its sidecars read after it; for a copy that is surely consistent let `sqlite3 … ".backup"` make one',
};

const count = z.int().nonnegative();

/** What a checkpoint keeps of findings. */
export const findingsSchema = z.object({
  files: count,
  bytes: count,
  counts: z.record(z.string(), count),
  samples: z.array(z.object({ kind: z.enum(findingKinds), path: z.string(), reason: z.string() })),
  databases: z.object({ found: count, inUse: count }),
  /** Sizes of the files that say who the agent is. */
  control: z.record(z.string(), count),
  /** Files of each item that can be included; an item without any is absent. */
  items: z.record(z.string(), count).default({}),
});
export type FindingsRecord = z.infer<typeof findingsSchema>;

/** Files that make an agent what it is: one of them empty or gone deserves a look. */
const controlFile =
  /^(?:workspace\/(?:AGENTS|SOUL|TOOLS|IDENTITY|USER|MEMORY)\.md|state\/openclaw\.json)$/;

/** Names of each kind that are kept; all are counted. */
const samplesOfAKind = 20;

/** What a backup noticed, over all its legs. */
export class Findings {
  files = 0;
  bytes = 0;
  readonly counts: Record<string, number> = {};
  readonly samples: FindingsRecord['samples'] = [];
  readonly databases = { found: 0, inUse: 0 };
  readonly control: Record<string, number> = {};
  readonly items: Record<string, number> = {};
  /** Sixteen bytes for each file since it was last taken: half for its path, half for its content. */
  #fingerprints: Buffer[] = [];

  constructor(before?: FindingsRecord) {
    if (!before) return;
    this.files = before.files;
    this.bytes = before.bytes;
    Object.assign(this.counts, before.counts);
    this.samples.push(...before.samples);
    Object.assign(this.databases, before.databases);
    Object.assign(this.control, before.control);
    Object.assign(this.items, before.items);
  }

  note(kind: FindingKind, path: string, error?: unknown): void {
    const number = (this.counts[kind] ?? 0) + 1;
    this.counts[kind] = number;
    if (number > samplesOfAKind) return;
    const why = error instanceof Error ? `: ${error.message}` : '';
    this.samples.push({ kind, path, reason: texts[kind] + why });
  }

  packed(path: string, entry: FileEntry): void {
    this.files++;
    this.bytes += entry.size;
    if (controlFile.test(path)) this.control[path] = entry.size;
    for (const item of itemsOf(path)) this.items[item] = (this.items[item] ?? 0) + 1;
    const content = entry.sha256
      ? Buffer.from(entry.sha256.slice(0, 16), 'hex')
      : digest(JSON.stringify(entry.parts));
    this.#fingerprints.push(digest(path), content);
  }

  takeFingerprints(): Buffer {
    const taken = Buffer.concat(this.#fingerprints);
    this.#fingerprints = [];
    return taken;
  }

  record(): FindingsRecord {
    const { files, bytes, counts, samples, databases, control, items } = this;
    return { files, bytes, counts, samples, databases, control, items };
  }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 8);
}

/** The files that are missing from the snapshot, or not in it as they were: the run is partial. */
export function incomplete({ samples }: FindingsRecord): SkippedFile[] {
  return samples
    .filter(({ kind }) => kind === 'unreadable' || kind === 'cut')
    .map(({ path, reason }) => ({ path, reason }));
}

/** Everything else that deserves attention, in sentences. */
export function warningsOf({ counts, samples }: FindingsRecord): string[] {
  return findingKinds.flatMap((kind) => {
    const all = counts[kind] ?? 0;
    if (all === 0 || kind === 'unreadable' || kind === 'cut') return [];
    const named = samples.filter((sample) => sample.kind === kind);
    const more = all > named.length ? [`${all - named.length} more: ${texts[kind]}`] : [];
    return [...named.map(({ path, reason }) => `${JSON.stringify(path)} ${reason}`), ...more];
  });
}
