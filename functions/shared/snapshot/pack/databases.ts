import type { Findings } from './findings.ts';
import { sidecar } from './read-ahead.ts';

/** How every SQLite database begins. */
const magic = Buffer.from('SQLite format 3\0', 'latin1');

/** Whether a file's first bytes are those of an SQLite database. */
export function isDatabase(beginning: Buffer): boolean {
  return beginning.subarray(0, magic.length).equals(magic);
}

/** Databases whose sidecars may still come: they follow at once in the order of names. */
const remembered = 16;

/**
 * Notices databases that are in use: one with a log or a journal beside it that is not empty. A copy
 * of the files is then not sure to be consistent, whatever the order they are read in.
 */
export class DatabaseWatch {
  readonly #findings: Findings;
  readonly #recent: string[];

  /** @param recent the last databases of an earlier leg: their sidecars may be in this one */
  constructor(findings: Findings, recent: readonly string[] = []) {
    this.#findings = findings;
    this.#recent = [...recent];
  }

  /** The last databases that were seen. */
  get recent(): string[] {
    return [...this.#recent];
  }

  /** What the list of files says of a file, beside `flags`. */
  flagsOf(path: string, size: number, flags: readonly string[]): 'in-use'[] {
    if (flags.includes('database')) {
      this.#findings.databases.found++;
      this.#recent.push(path);
      if (this.#recent.length > remembered) this.#recent.shift();
    }
    const database = path.replace(sidecar, '');
    const inUse = size > 0 && /-(?:wal|journal)$/.test(path) && this.#recent.includes(database);
    if (!inUse) return [];
    this.#findings.databases.inUse++;
    this.#findings.note('database in use', database);
    return ['in-use'];
  }
}
