import { wrongUsage } from '../failure.ts';

const bytesPer: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const millisecondsPer: Record<string, number> = {
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Bytes of a size as people write it: `100 MB`, `1.5GiB`, `2000`.
 * @throws CommandFailure where it is none.
 */
export function parseSize(text: string): number {
  const bytes = amount(text, bytesPer);
  if (bytes === undefined || bytes < 1) {
    throw wrongUsage(`"${text}" is no size. Write a number and a unit, such as 100MB or 1.5GiB.`);
  }
  return Math.floor(bytes);
}

/**
 * Milliseconds of a duration as people write it: `30m`, `24h`, `7d`.
 * @throws CommandFailure where it is none.
 */
export function parseDuration(text: string): number {
  const milliseconds = amount(text, millisecondsPer);
  if (milliseconds === undefined || milliseconds <= 0) {
    throw wrongUsage(`"${text}" is no duration. Write a number and m, h or d, such as 90m or 7d.`);
  }
  return milliseconds;
}

function amount(text: string, units: Record<string, number>): number | undefined {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  return number === '' || factor === undefined ? undefined : Number(number) * factor;
}
