import type { FindingsRecord } from './findings.ts';

/** What the snapshot before looked like. */
export interface Baseline {
  /** Its id. */
  snapshot: string;
  /** Sixteen bytes for each file: eight of its path, eight of its content. */
  fingerprints: Buffer;
  /** Sizes of the control files. */
  control: Record<string, number>;
}

/** How much of the files changed between two snapshots. */
export interface Difference {
  before: number;
  changed: number;
  gone: number;
}

/** Of fewer files that changed or went a share says nothing. */
const fewFiles = 3;

/**
 * Why a snapshot deserves a human look before older ones are given up: files changed or gone
 * beyond the limit, as ransomware and rogue agents do, or a control file emptied or gone.
 */
export function anomalies(
  before: Baseline,
  fingerprints: Buffer,
  control: FindingsRecord['control'],
  limitPercent: number,
): string[] {
  const difference = compare(before.fingerprints, fingerprints);
  const touched = difference.changed + difference.gone;
  const share = difference.before === 0 ? 0 : (100 * touched) / difference.before;
  const many = touched >= fewFiles && share > limitPercent;
  const nothingLeft = difference.before > 0 && fingerprints.length === 0;
  return [
    ...(nothingLeft
      ? [`none of the ${difference.before} files of snapshot ${before.snapshot} is left`]
      : []),
    ...(many
      ? [
          `${difference.changed} files changed and ${difference.gone} are gone, of ${difference.before} in snapshot ${before.snapshot}: more than ${limitPercent} %`,
        ]
      : []),
    ...emptied(before.control, control),
  ];
}

function emptied(before: Record<string, number>, now: Record<string, number>): string[] {
  return Object.entries(before).flatMap(([path, size]) => {
    if (size === 0) return [];
    if (now[path] === undefined) return [`the control file ${path} is gone`];
    return now[path] === 0 ? [`the control file ${path} is empty`] : [];
  });
}

const recordBytes = 16;

/** Compares by sorted numbers: sixteen bytes a file on either side, and no string at all. */
export function compare(before: Buffer, after: Buffer): Difference {
  const [left, right] = [sorted(before), sorted(after)];
  const result: Difference = { before: left.length / 2, changed: 0, gone: 0 };
  let at = 0;
  for (let index = 0; index < left.length; index += 2) {
    const path = left[index] ?? 0n;
    while (at < right.length && (right[at] ?? 0n) < path) at += 2;
    if (at >= right.length || right[at] !== path) result.gone++;
    else if (right[at + 1] !== left[index + 1]) result.changed++;
  }
  return result;
}

/** Records as pairs of numbers, ordered by path. */
function sorted(records: Buffer): BigUint64Array {
  const count = Math.floor(records.length / recordBytes);
  const order = new Uint32Array(count).map((_, index) => index);
  const key = (index: number): bigint => records.readBigUInt64BE(index * recordBytes);
  order.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const pairs = new BigUint64Array(count * 2);
  order.forEach((record, index) => {
    pairs[index * 2] = key(record);
    pairs[index * 2 + 1] = records.readBigUInt64BE(record * recordBytes + 8);
  });
  return pairs;
}
