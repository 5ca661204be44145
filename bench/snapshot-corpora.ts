/** The workspaces that snapshots are measured with. */
import { mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomChunks } from './snapshot-stream.ts';

export type CorpusName = 'A' | 'B' | 'C';

/** What each is, in words for the table. */
export const corpora: Record<CorpusName, { title: string; files: number; bytes: number }> = {
  A: { title: '10,000 text files of 4 KB', files: 10_000, bytes: 4_096 },
  B: { title: '200 text files of 2 MB', files: 200, bytes: 2_000_000 },
  C: { title: 'one incompressible GB', files: 1, bytes: 1_000_000_000 },
};

/** Writes a corpus to a folder that is not there yet. */
export function makeCorpus(name: CorpusName, folder: string): void {
  const { files, bytes } = corpora[name];
  const text = new Text();
  for (let number = 0; number < files; number++) {
    const place = join(folder, 'notes', `topic-${Math.floor(number / 20)}`);
    mkdirSync(place, { recursive: true });
    if (name === 'C') writeRandom(join(place, 'media.bin'), bytes);
    else writeFileSync(join(place, `note-${number}.md`), text.next(bytes));
  }
}

function writeRandom(file: string, bytes: number): void {
  const to = openSync(file, 'wx');
  for (const chunk of randomChunks(bytes)) writeSync(to, chunk);
  closeSync(to);
}

/** Words as often as words are in a language: the second half as often as the first, and so on. */
class Text {
  readonly #words: string[];
  #state = 42;

  constructor() {
    this.#words = Array.from({ length: 8_000 }, () => this.#word());
  }

  next(bytes: number): string {
    const text: string[] = [];
    for (let length = 0, line = 0; length < bytes;) {
      const word = this.#words[Math.floor(this.#words.length ** this.#random()) - 1] ?? '';
      line += word.length + 1;
      const piece = line > 80 ? `${word}\n` : `${word} `;
      if (line > 80) line = 0;
      text.push(piece);
      length += piece.length;
    }
    return text.join('').slice(0, bytes);
  }

  #word(): string {
    const length = 2 + Math.floor(this.#random() * 8);
    const letters = Array.from(
      { length },
      () => 'etaoinshrdlucmfwypvbgkjqxz'[Math.floor(26 * this.#random() ** 2)] ?? '',
    );
    return letters.join('');
  }

  /** From 0 to below 1: a linear congruence, so that a corpus is the same on every machine. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}
