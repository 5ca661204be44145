import { InterruptedError } from './errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * While something is written, the first signal is a wish to end in order; the second ends the program
 * at once, as ever.
 */
export class Interruption {
  #wanted = false;

  readonly #note = (): void => {
    this.#wanted = true;
    this.end();
  };

  begin(): void {
    for (const signal of signals) process.once(signal, this.#note);
  }

  /** @throws InterruptedError once a signal has come */
  check(): void {
    if (this.#wanted) throw new InterruptedError();
  }

  end(): void {
    for (const signal of signals) process.removeListener(signal, this.#note);
  }
}
