import { compareBytes } from '../source/byte-order.ts';
import type { Findings } from './findings.ts';
import type { Location } from './location.ts';

const kinds = ['passed over', 'unreadable'] as const;

/**
 * What the sources have left out of their listings, as findings of the stretch in which it would
 * have stood. It has to be in the checkpoint of that stretch: the next leg lists only what comes
 * after it, and would never know.
 */
export class LeftOut {
  readonly #locations: readonly Location[];
  /** How many nameless ones of each kind and location have been counted. */
  readonly #nameless = new Map<string, number>();

  constructor(locations: readonly Location[]) {
    this.#locations = locations;
  }

  /**
   * @param after the archive path behind which the stretch begins; absent at the very beginning
   * @param upTo its last archive path; absent at the very end
   */
  note(findings: Findings, after: string | undefined, upTo: string | undefined): void {
    const isWithin = (path: string): boolean =>
      (after === undefined || compareBytes(path, after) > 0) &&
      (upTo === undefined || compareBytes(path, upTo) <= 0);
    for (const { name, source } of this.#locations) {
      for (const kind of kinds) {
        const { count, names } = kind === 'unreadable' ? source.unreadable : source.passedOver;
        const paths = names.map((path) => `${name}/${path}`);
        for (const path of paths.filter(isWithin)) findings.note(kind, path);
        this.#countNameless(findings, kind, { name, count: Math.max(0, count - names.length) });
      }
    }
  }

  #countNameless(
    findings: Findings,
    kind: (typeof kinds)[number],
    { name, count }: { name: string; count: number },
  ): void {
    const key = `${kind} ${name}`;
    const more = count - (this.#nameless.get(key) ?? 0);
    if (more > 0) findings.counts[kind] = (findings.counts[kind] ?? 0) + more;
    this.#nameless.set(key, count);
  }
}
