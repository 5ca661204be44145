/** A call of a local file system takes a few microseconds; handing it to another thread, a hundred. */
const slowAfterMs = 0.25;

/** How many calls are handed over after a slow one, until one is tried at once again. */
const patience = 100;

/**
 * Decides between doing something at once and doing it in the background. A disk answers before a
 * callback could be arranged, so that ten thousand small files are read four times faster at once;
 * a network file system would keep everything else waiting, and is asked many things at a time.
 */
export class Pace {
  readonly #elapsedMs: () => number;
  #wait = 0;

  constructor(elapsedMs: () => number = stopwatch) {
    this.#elapsedMs = elapsedMs;
  }

  /** Does it at once unless that was slow lately; what either way throws is a rejection. */
  async run<T>(atOnce: () => T, inBackground: () => Promise<T>): Promise<T> {
    if (this.#wait > 0) {
      this.#wait--;
      return inBackground();
    }
    const start = this.#elapsedMs();
    try {
      return atOnce();
    } finally {
      if (this.#elapsedMs() - start > slowAfterMs) this.#wait = patience;
    }
  }
}

/** No time of day, and so nothing for the clock. */
function stopwatch(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
