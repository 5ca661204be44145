/** What a request is for, in words that all providers share. */
export type Operation =
  | 'token'
  | 'account'
  | 'list'
  | 'stat'
  | 'download'
  | 'upload'
  | 'delete'
  | 'move'
  | 'copy'
  | 'folder';

/** What a provider may answer instead of doing it, each in its own words. */
export type Fault =
  | 'rate-limited'
  | 'quota-full'
  | 'name-refused'
  | 'too-large'
  | 'not-found'
  | 'forbidden'
  | 'server-error'
  /** The connection ends without an answer. */
  | 'hang-up';

export interface Trouble {
  /** Which requests; absent means any but those for tokens. */
  on?: Operation;
  /** Only this file or folder, by its path in the provider. */
  path?: string;
  /** How many of them; `Infinity` until the test is over. Default 1. */
  times?: number;
  /** Absent: it is done, only later. */
  fault?: Fault;
  /** Seconds that the client is told to wait. */
  retryAfter?: number;
  /** Milliseconds before the answer. */
  delayMs?: number;
}

/** The troubles that tests have asked for and that have not happened yet. */
export class Troubles {
  #waiting: (Trouble & { left: number })[] = [];

  add(trouble: Trouble): void {
    this.#waiting.push({ ...trouble, left: trouble.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Whether such a request would have a trouble of its own. */
  waitsFor(operation: Operation, path: string): boolean {
    return this.#waiting.some(
      (trouble) => trouble.left > 0 && trouble.on === operation && trouble.path === path,
    );
  }

  /** The trouble that this request is to have, which is counted. */
  take(operation: Operation, path: string | undefined): Trouble | undefined {
    const found = this.#waiting.find(
      (trouble) =>
        trouble.left > 0 &&
        (trouble.on ? trouble.on === operation : operation !== 'token') &&
        (trouble.path === undefined || trouble.path === path),
    );
    if (found) found.left--;
    return found;
  }
}
