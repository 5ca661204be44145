import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderSession } from '../../../scripts/render-session.ts';
import { Screen } from '../../../scripts/terminal.ts';

const images = join(import.meta.dirname, '../../../docs/images');

/** A recording in which a program has written these texts, one each second. */
function givenCast(...texts: string[]): string {
  const events = texts.map((text, index) => JSON.stringify([index, 'o', text]));
  return [JSON.stringify({ version: 2, width: 20, height: 3, title: 'a <test>' }), ...events].join(
    '\n',
  );
}

/** What is to be read on a screen of 10 columns and 3 rows. */
function shown(text: string): string[] {
  const screen = new Screen(10, 3);
  screen.write(text);
  return screen.rows.map((row) => row.map((cell) => cell.text).join(''));
}

describe('the terminal', () => {
  it.each([
    ['one\r\ntwo', ['one', 'two', '']],
    ['scrolls\r\n1\r\n2\r\n3', ['1', '2', '3']],
    ['a long line wraps', ['a long lin', 'e wraps', '']],
    ['10%\r20%', ['20%', '', '']],
    ['question?\x1b[2K\x1b[Gdone', ['done', '', '']],
    ['one\r\ntwo\x1b[1A\x1b[3DONE', ['ONE', 'two', '']],
    ['one\r\ntwo\r\nthree\x1b[2;1H\x1b[J!', ['one', '!', '']],
    ['\x1b7busy\x1b8\x1b[Kready', ['ready', '', '']],
    ['\x1b]0;title\x07\x1b[?25lplain', ['plain', '', '']],
  ])('shows %j as %j', (text, rows) => {
    expect(shown(text)).toEqual(rows);
  });

  it('keeps colours and weights until they are taken back', () => {
    const screen = new Screen(10, 1);
    screen.write('\x1b[1;32mab\x1b[0mc');
    const [a, , c] = screen.rows[0] ?? [];
    expect(a).toEqual({ text: 'a', colour: 2, isBold: true, isDim: false });
    expect(c).toEqual({ text: 'c', colour: undefined, isBold: false, isDim: false });
  });
});

describe('the picture of a session', () => {
  it('has a screen for each thing that was to be seen, and stays on the last', () => {
    const svg = renderSession(givenCast('one\r\n', 'two\r\n'));
    expect(svg.match(/<g transform=/g)).toHaveLength(2);
    expect(svg).toContain('>one</text>');
    expect(svg).toMatch(/prefers-reduced-motion:reduce\)\{\.film\{animation:none/);
  });

  it('draws each line once, however often it is shown', () => {
    const svg = renderSession(givenCast('same\r\n', 'other\r\n', 'third\r\n'));
    expect(svg.match(/>same<\/text>/g)).toHaveLength(1);
  });

  it('keeps the columns of a table, and writes nothing as markup', () => {
    const svg = renderSession(givenCast('a    <b> & c'));
    expect(svg).toContain('x="42"');
    expect(svg).toContain('&lt;b> &amp; c');
    expect(svg).toContain('a &lt;test>');
  });
});

describe('the recorded session', () => {
  const file = join(images, 'session.svg');

  it('is there, drawn from its recording', () => {
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(
      renderSession(readFileSync(join(images, 'session.cast'), 'utf8')),
    );
  });

  it('is small, and runs no script', () => {
    const svg = readFileSync(file, 'utf8');
    expect(Buffer.byteLength(svg)).toBeLessThan(300_000);
    expect(svg).not.toMatch(/<script|onload|href="http/);
  });
});
