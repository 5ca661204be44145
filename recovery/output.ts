/**
 * What a terminal would take for a command, or for an order to write backwards. Names come from
 * files that anybody may have put there.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with everything in it visible; line ends stay. */
function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A line of the answer: one line, whatever names are in it. */
export function say(line = ''): void {
  process.stdout.write(`${printable(line).replaceAll('\n', '\\n')}\n`);
}

/** A line about what is going on, which is no part of the answer. */
export function remark(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

const units = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `17 bytes`, `1.5 MB`: powers of a thousand. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, 'byte');
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  const value = bytes / 1_000 ** power;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[power - 1] ?? ''}`;
}

/** `1 file`, `12,345 files`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** `2026-11-22 10:15:00 UTC` */
export function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/** Rows below each other in columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
