import { InvalidArgumentError } from 'commander';

/** A whole number from 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It has to be a whole number from 1.');
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A length of time such as `90s`, `30m`, `1h`, `2d`, `1w`, in milliseconds. */
export function timeSpan(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (amount !== undefined && Number(amount) > 0) {
    return Number(amount) * units[unit as keyof typeof units];
  }
  throw new InvalidArgumentError('It has to be a time such as 90s, 30m, 1h, 2d or 1w.');
}

/** The id of a run. */
export function runId(text: string): string {
  if (/^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(text)) return text;
  throw new InvalidArgumentError('The id of a run looks like 20261122T101500Z-0a1b2c3d.');
}

/** The id of a snapshot. */
export function snapshotId(text: string): string {
  if (/^\d{8}T\d{6}Z(?:-[0-9a-f]{8})?$/.test(text)) return text;
  throw new InvalidArgumentError(
    'The id of a snapshot looks like 20261122T101500Z-0a1b2c3d; "backup list" shows them.',
  );
}

/** A share of something, above 0 and up to 100. */
export function percentage(text: string): number {
  const value = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && value > 0 && value <= 100) return value;
  throw new InvalidArgumentError('It has to be a number above 0 and up to 100.');
}

/** One more value of an option that can be given several times. */
export function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}
