/**
 * Draws a recorded terminal session as a picture that moves: an SVG without scripts, which a browser
 * shows as an ordinary image. Every screen of the film lies beside the one before, and one animation
 * moves the strip. Who asks for less motion sees the last screen.
 *
 * Usage: node scripts/render-session.ts [docs/images/session.cast] [docs/images/session.svg]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Cell, Screen } from './terminal.ts';

interface Head {
  width: number;
  height: number;
  title?: string;
}

/** A screen, and the second from which it is shown. */
interface Frame {
  at: number;
  /** Number of the drawn line in each row; 0 is the empty one. */
  lines: number[];
  cursor: { row: number; column: number };
}

const cell = { width: 8.4, height: 18 };
const margin = { x: 14, top: 38, bottom: 14 };
/** Screens that follow each other faster are one. */
const shortestFrame = 0.12;
/** The last screen stays for so long. */
const lastFrame = 6;

const palette = [
  ...['#5c6370', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#dcdfe4'],
  ...['#7f848e', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#ffffff'],
];

/** The picture of a recording, as the text of an SVG. */
export function renderSession(cast: string): string {
  const [first = '{}', ...rest] = cast.trim().split('\n');
  const head = JSON.parse(first) as Head;
  const events = rest.map((line) => JSON.parse(line) as [at: number, kind: string, text: string]);
  const drawn = new Map<string, number>([['', 0]]);
  const frames = framesOf(head, events, drawn);
  return picture(head, frames, [...drawn.keys()]);
}

function framesOf(
  { width, height }: Head,
  events: [number, string, string][],
  drawn: Map<string, number>,
): Frame[] {
  const screen = new Screen(width, height);
  const frames: Frame[] = [];
  for (const [index, [at, kind, text]] of events.entries()) {
    if (kind !== 'o') continue;
    screen.write(text);
    const next = events[index + 1]?.[0] ?? Infinity;
    // What is gone before anybody could see it is not drawn.
    if (next - (frames.at(-1)?.at ?? -1) < shortestFrame) continue;
    const lines = screen.rows.map((row) => numberOf(drawn, lineOf(row)));
    const last = frames.at(-1);
    const cursor = screen.cursor;
    const isSame =
      last?.lines.join() === lines.join() &&
      last.cursor.row === cursor.row &&
      last.cursor.column === cursor.column;
    if (!isSame) frames.push({ at, lines, cursor });
  }
  return frames;
}

function numberOf(drawn: Map<string, number>, line: string): number {
  const known = drawn.get(line);
  if (known !== undefined) return known;
  drawn.set(line, drawn.size);
  return drawn.size - 1;
}

/** Words of one style, and the column where they begin. */
interface Run {
  column: number;
  text: string;
  look: string;
}

/** A row as SVG. Each run says where it stands: no font has to be trusted to keep the columns. */
function lineOf(row: readonly Cell[]): string {
  return runsOf(row).flatMap(pieces).map(drawRun).join('');
}

function runsOf(row: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  for (const [column, { text, ...style }] of row.entries()) {
    const look = lookOf(style);
    const last = runs.at(-1);
    if (last?.look === look) last.text += text;
    else runs.push({ column, text, look });
  }
  return runs;
}

/** Takes a run apart where there are gaps, as between the columns of a table. */
function pieces({ column, text, look }: Run): Run[] {
  const words = text.matchAll(/\S+(?: \S+)*/g);
  return [...words].map(({ 0: piece, index }) => ({ column: column + index, text: piece, look }));
}

function drawRun({ column, text, look }: Run): string {
  const length = ` textLength="${shortest(text.length * cell.width)}"`;
  const where = column === 0 ? '' : ` x="${shortest(column * cell.width)}"`;
  return `<text${look}${where}${text.length > 1 ? length : ''}>${escaped(text)}</text>`;
}

function shortest(length: number): string {
  return length.toFixed(1).replace(/\.0$/, '');
}

function lookOf({ colour, isBold, isDim }: Omit<Cell, 'text'>): string {
  const fill = colour === undefined ? '' : ` fill="${palette[colour] ?? ''}"`;
  return `${fill}${isBold ? ' font-weight="bold"' : ''}${isDim ? ' opacity=".6"' : ''}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function picture(head: Head, frames: readonly Frame[], lines: readonly string[]): string {
  const width = Math.ceil(head.width * cell.width + 2 * margin.x);
  const height = head.height * cell.height + margin.top + margin.bottom;
  const seconds = (frames.at(-1)?.at ?? 0) + lastFrame;
  const moves = frames.map(({ at }, index) => {
    const percent = index === 0 ? '0' : ((at / seconds) * 100).toFixed(2);
    return `${percent}%{transform:translateX(-${index * width}px)}`;
  });
  const end = (frames.length - 1) * width;
  const definitions = lines.flatMap((line, number) =>
    number === 0 ? [] : [`<g id="l${number}">${line}</g>`],
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A recorded terminal session: ${escaped(head.title ?? '')}">
<style>text{white-space:pre}.film{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
@keyframes film{${moves.join('')}100%{transform:translateX(-${end}px)}}
.film{animation:film ${seconds.toFixed(1)}s steps(1,end) infinite}
@media (prefers-reduced-motion:reduce){.film{animation:none;transform:translateX(-${end}px)}}</style>
<defs>${definitions.join('')}</defs>
<rect width="${width}" height="${height}" rx="8" fill="#1e2127"/>
<g fill="#4b5263"><circle cx="20" cy="18" r="6"/><circle cx="40" cy="18" r="6"/><circle cx="60" cy="18" r="6"/></g>
<svg x="0" y="${margin.top}" width="${width}" height="${height - margin.top}"><g class="film" fill="#dcdfe4">
${frames.map((frame, index) => drawFrame(frame, index * width)).join('\n')}
</g></svg>
</svg>
`;
}

function drawFrame({ lines, cursor }: Frame, x: number): string {
  const rows = lines.flatMap((line, row) =>
    line === 0 ? [] : [`<use href="#l${line}" y="${(row + 1) * cell.height - 4}"/>`],
  );
  const at = `x="${(cursor.column * cell.width).toFixed(1)}" y="${cursor.row * cell.height + 1}"`;
  const block = `<rect ${at} width="8" height="16" fill="#dcdfe4" opacity=".5"/>`;
  return `<g transform="translate(${x + margin.x})">${rows.join('')}${block}</g>`;
}

if (import.meta.main) {
  const [from = 'docs/images/session.cast', to = 'docs/images/session.svg'] = process.argv.slice(2);
  const svg = renderSession(readFileSync(from, 'utf8'));
  writeFileSync(to, svg);
  console.log(`${to}: ${Math.ceil(Buffer.byteLength(svg) / 1_000)} kB`);
}
