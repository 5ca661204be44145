import { bytesInWords } from '../../functions/shared/bytes-in-words.ts';
import { epochOf, isoTime } from '../../functions/shared/clock.ts';

export { bytesInWords };

/** `2 h 5 min`: the two largest units. */
export function durationInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** `2026-11-22 14:05 UTC (3 min ago)`, or `(in 5 min)`. */
export function timeInWords(iso: string, now: number): string {
  const epoch = epochOf(iso);
  if (Number.isNaN(epoch)) return iso;
  const stamp = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
  const distance = durationInWords(Math.abs(now - epoch));
  return epoch > now ? `${stamp} (in ${distance})` : `${stamp} (${distance} ago)`;
}

/** `2026-11-22 14:05:09 UTC`: what is listed line by line, where the seconds count. */
export function stampInWords(iso: string): string {
  if (Number.isNaN(epochOf(iso))) return iso;
  return `${isoTime(epochOf(iso)).slice(0, 19).replace('T', ' ')} UTC`;
}

/** A text of our own with each time in it as {@link timeInWords} says it. */
export function timesInWords(text: string, now: number): string {
  return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, (iso) =>
    timeInWords(iso, now),
  );
}

/** What a provider says, or a file is called, must not look like lines of ours. */
export function inOneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}

/** `1 file`, `2 files`; the plural is the singular and an s where none is given. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
