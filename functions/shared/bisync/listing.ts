import { isoTime, epochOf } from '../clock.ts';
import { unquoteGo } from './go-string.ts';

/** A file as bisync remembers it. */
export interface RememberedFile {
  size: number;
  /** In bisync's own form, with nanoseconds, in UTC: see {@link listingTime}. */
  time: string;
  /** The line's other parts, kept as rclone wrote them. */
  rest: { flags: string; hash: string; id: string; name: string };
}

/** One side as bisync remembers it, by path. */
export type RememberedSide = Map<string, RememberedFile>;

const header = '# bisync listing v1 from';

const linePattern =
  /^(\S) +(-?\d+) (\S+) (\S+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d{4}) (".+")$/s;

/**
 * Parses a listing of bisync's, the `.lst` files of its working folder.
 * @returns `undefined` for a text that is not one: nothing may be guessed from it.
 */
export function parseRemembered(text: string): RememberedSide | undefined {
  const [first = '', ...lines] = text.split('\n');
  if (!first.startsWith(header)) return undefined;
  const side: RememberedSide = new Map();
  for (const line of lines) {
    if (line === '') continue;
    const [, flags = '', size = '', hash = '', id = '', time = '', name] =
      linePattern.exec(line) ?? [];
    if (name === undefined) return undefined;
    side.set(unquoteGo(name), { size: Number(size), time, rest: { flags, hash, id, name } });
  }
  return side;
}

/** A listing as bisync reads it. */
export function formatRemembered(side: RememberedSide): string {
  const lines = [...side.values()].map(
    ({ size, time, rest: { flags, hash, id, name } }) =>
      `${flags} ${String(size).padStart(8)} ${hash} ${id} ${time} ${name}`,
  );
  return [`${header} ${listingTime('1970-01-01T00:00:00Z')}`, ...lines, ''].join('\n');
}

/** A time of a listing, which may have nanoseconds and a zone, in the form of bisync's listings. */
export function listingTime(time: string): string {
  const [, seconds = '', fraction = '', zone = 'Z'] =
    /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/.exec(time) ?? [];
  const epoch = epochOf(seconds + zone);
  const whole = isoTime(Number.isNaN(epoch) ? 0 : epoch).slice(0, 19);
  return `${whole}.${fraction.padEnd(9, '0').slice(0, 9)}+0000`;
}
