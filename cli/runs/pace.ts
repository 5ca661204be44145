import type { Amount } from '../../functions/shared/contract/index.ts';

/** How fast something goes, and when it will be done. */
export interface Speed {
  bytesPerSecond: number;
  filesPerSecond: number;
  /** Milliseconds; absent where the total is not known, or nothing moves. */
  leftMs?: number;
}

/** What was done at a time. */
interface Sample {
  at: number;
  done: Amount;
}

/** Older speeds say little about what is left. */
const windowMs = 30_000;

/** Measures how fast an amount grows, over the last half minute. */
export class Pace {
  #samples: Sample[] = [];

  /** Takes down what is done; what is less than before is a new beginning. */
  note(at: number, done: Amount): void {
    const last = this.#samples.at(-1);
    if (last && (done.bytes < last.done.bytes || done.files < last.done.files)) this.#samples = [];
    else if (last && last.at >= at) return;
    this.#samples.push({ at, done });
    // The newest of those that are too old stays: between two samples more than the window may lie.
    while ((this.#samples[1]?.at ?? Infinity) <= at - windowMs) this.#samples.shift();
  }

  /** The speed up to the last note; `undefined` before there are two. */
  speed(total?: Amount): Speed | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.at <= first.at) return undefined;
    const seconds = (last.at - first.at) / 1_000;
    const bytesPerSecond = (last.done.bytes - first.done.bytes) / seconds;
    const filesPerSecond = (last.done.files - first.done.files) / seconds;
    const leftMs = total && timeLeft(total, last.done, { bytesPerSecond, filesPerSecond });
    return { bytesPerSecond, filesPerSecond, ...(leftMs === undefined ? {} : { leftMs }) };
  }
}

/** Small files are slow by their number, large ones by their bytes: the slower of both counts. */
function timeLeft(
  total: Amount,
  done: Amount,
  { bytesPerSecond, filesPerSecond }: Omit<Speed, 'leftMs'>,
): number | undefined {
  const bytes = Math.max(0, total.bytes - done.bytes);
  const files = Math.max(0, total.files - done.files);
  const byBytes = bytes > 0 ? bytes / bytesPerSecond : 0;
  const byFiles = files > 0 ? files / filesPerSecond : 0;
  // One large file at work finishes no file for a while: then its bytes are what can be told.
  const seconds = Math.max(...[byBytes, byFiles].filter(Number.isFinite));
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}
