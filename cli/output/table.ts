import Table from 'cli-table3';
import { visible } from '../../functions/shared/deceptive.ts';
import { inOneLine } from './words.ts';

/** Rows under headings, without lines between them, as wide as they need to be. */
export function table(headings: string[], rows: string[][]): string {
  const drawn = new Table({
    head: headings,
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  drawn.push(...rows.map((row) => row.map((cell) => visible(cell).replace(/[\n\t]/g, ' '))));
  return trimmed(drawn.toString());
}

/** Facts of one thing, a line each: what it is called, and what it is. */
export function facts(rows: [string, string | undefined][]): string {
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known
    .map(([name, value]) => `${name.padEnd(width)}  ${inOneLine(visible(value))}`)
    .join('\n');
}

const bare = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
