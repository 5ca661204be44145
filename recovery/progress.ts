import { systemClock } from '../functions/shared/clock.ts';
import { counted, remark, sizeText } from './output.ts';

/** How often progress is shown, in milliseconds. */
const every = { terminal: 100, plain: 10_000 };

/** Says on standard error how far something has come. */
export class Progress {
  readonly #doing: string;
  readonly #terminal = process.stderr.isTTY;
  #began = systemClock.now();
  #total = 0;
  #read = 0;
  #files = 0;
  #shown = this.#began;
  #visible = false;

  /** @param doing as `Restoring` */
  constructor(doing: string) {
    this.#doing = doing;
  }

  /**
   * The work begins now: somebody may have typed a passphrase until here.
   * @param bytes how many there are to read; 0 where nobody knows
   */
  begin(bytes: number): void {
    this.#began = systemClock.now();
    this.#total = bytes;
    this.#read = 0;
    this.#files = 0;
  }

  /** Bytes of snapshots that have been read. */
  addBytes(bytes: number): void {
    this.#read += bytes;
    this.#show();
  }

  addFile(): void {
    this.#files++;
    this.#show();
  }

  /** Takes the line away; returns the seconds that it has taken. */
  end(): number {
    if (this.#visible) process.stderr.write('\r\u001b[K');
    this.#visible = false;
    return (systemClock.now() - this.#began) / 1_000;
  }

  #show(): void {
    const now = systemClock.now();
    if (now - this.#shown < (this.#terminal ? every.terminal : every.plain)) return;
    this.#shown = now;
    if (!this.#terminal) {
      remark(this.#line(now));
      return;
    }
    this.#visible = true;
    process.stderr.write(`\r${this.#line(now)}\u001b[K`);
  }

  #line(now: number): string {
    const rate = this.#read / Math.max(0.001, (now - this.#began) / 1_000);
    const of = this.#total > 0 ? ` of ${sizeText(this.#total)}` : '';
    const files = this.#files > 0 ? `${counted(this.#files, 'file')}, ` : '';
    return `${this.#doing}: ${files}${sizeText(this.#read)}${of} read, ${sizeText(rate)}/s`;
  }
}
