import { createHash } from 'node:crypto';
import { folders } from '../contract/index.ts';
import { deceptive } from '../deceptive.ts';

/** The name under which a drop is delivered, below `_inbox`. */
export interface SafeName {
  path: string;
  /** What was changed, in words; absent when the name is the one that the person gave. */
  renamed?: string;
}

/** Longest name that common file systems take, in bytes of UTF-8. */
const maxNameBytes = 255;

/** S3 allows keys of 1,024 bytes; what stands before the inbox's paths needs its share. */
const maxPathBytes = 800;

/** Names that some program is still writing, or that only a desktop cares about. */
const transient =
  /(\.(partial|tmp|temp|crdownload|part|download)|\.~lock\..*#)$|^(~\$.*|desktop\.ini|thumbs\.db|\.ds_store|icon\r)$/i;

/** Whether a drop of this name is left where it is: it is unfinished, or not meant for anybody. */
export function isTransient(path: string): boolean {
  return transient.test(path.slice(path.lastIndexOf('/') + 1));
}

/** Characters that look like the dots and slashes of a path and become them when normalised. */
const pathLookalikes = /[\uff0e\u2024\uff0f\u2044\u2215\uff3c\ufe52\ufe68]/gu;

/**
 * Pictures of control characters, and the quote before one that is meant as a picture: rclone shows the
 * characters so, and writes the characters themselves where it is given the picture.
 */
const pictures = /[\u2400-\u2421\u201b]/gu;

/** Nothing but dots, or characters that are several dots when normalised. */
const onlyDots = /^[.\u2025\u2026\ufe19\ufe30]+$/u;

const windowsDevice = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/** Folders under `_inbox` that only we write. */
const reserved = new Set<string>([folders.receipts]);

/**
 * Turns whatever a person, a client or an attacker has named a drop into a relative path that
 * stays below `_inbox` on every file system, reads as what it is, and keeps its extension.
 */
export function safeName(given: string): SafeName {
  const path = limitPath(
    given
      .replaceAll('\\', '/')
      .split('/')
      .map((segment) => safeSegment(segment))
      .filter((segment) => segment !== '')
      .map((segment, index) =>
        index === 0 && reserved.has(caseFolded(segment)) ? `_${segment.slice(1)}` : segment,
      )
      .join('/') || 'unnamed',
  );
  return path === given ? { path } : { path, renamed: describe(given) };
}

/** By way of upper case, because file systems take the long s (U+017F) for an s too. */
function caseFolded(segment: string): string {
  return segment.toUpperCase().toLowerCase();
}

function safeSegment(segment: string): string {
  if (segment === '') return '';
  const cleaned = segment
    .normalize('NFC')
    .replace(deceptive, '_')
    .replace(pathLookalikes, '_')
    .replace(pictures, '_')
    .replace(onlyDots, (dots) => '_'.repeat(dots.length))
    .replace(/^([A-Za-z]):/, '$1_')
    .replace(/[. ]+$/, (tail) => '_'.repeat(tail.length));
  return limitName(windowsDevice.test(cleaned) ? `_${cleaned}` : cleaned);
}

/** Cuts a name in the middle: its beginning and its extension tell a person what it is. */
function limitName(name: string): string {
  if (Buffer.byteLength(name) <= maxNameBytes) return name;
  const extension = extensionOf(name);
  const mark = `~${fingerprint(name)}`;
  const room = maxNameBytes - Buffer.byteLength(extension + mark);
  return `${cutToBytes(name.slice(0, name.length - extension.length), room)}${mark}${extension}`;
}

/** With its dot; what is longer than sixteen characters tells nobody anything. */
function extensionOf(name: string): string {
  return /(?<=.)\.[^.]{1,16}$/s.exec(name)?.[0] ?? '';
}

/** A path that is too long as a whole loses its folders. */
function limitPath(path: string): string {
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return limitName(`${fingerprint(path)}-${name}`);
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function cutToBytes(text: string, bytes: number): string {
  let cut = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    cut += character;
  }
  return cut;
}

function describe(given: string): string {
  const shown = given.length > 300 ? `${given.slice(0, 300)}…` : given;
  return `the name ${JSON.stringify(shown)} cannot be used as it is`;
}

/**
 * Names by which an agent is steered or configured. A drop of such a name stays under `_inbox` like
 * any other, and its receipt says so.
 */
const controlFile =
  /^(agents|soul|tools|identity|user|heartbeat|bootstrap|boot|memory|claude|skill)\.md$|^\.env(\..*)?$|^openclaw\.json$|^\.git$/i;

/** Whether a drop bears the name of a file that steers an agent. */
export function isControlFile(path: string): boolean {
  return path
    .split('/')
    .some(
      (segment) => controlFile.test(segment) || /^(skills|hooks|extensions|cron)$/i.test(segment),
    );
}

/** Two names with the same key are the same file somewhere: other case, other Unicode form. */
export function nameKey(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/**
 * The first of `report.pdf`, `report (2).pdf`, `report (3).pdf` … that is not taken.
 * @returns `undefined` when ten thousand of them are.
 */
export function freeName(
  path: string,
  isTaken: (candidate: string) => boolean,
): string | undefined {
  if (!isTaken(path)) return path;
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  const extension = extensionOf(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 2; number <= 10_000; number++) {
    const suffix = ` (${number})`;
    const room = maxNameBytes - Buffer.byteLength(suffix + extension);
    const candidate = `${path.slice(0, slash)}${cutToBytes(stem, room)}${suffix}${extension}`;
    if (!isTaken(candidate)) return candidate;
  }
  return undefined;
}
