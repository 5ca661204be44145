import { hash } from 'node:crypto';

/**
 * Remembers millions of names, each with a small number, in a bounded room: 64 bits of a digest and
 * a byte per name, in one open table. Two different names share a digest once in ten million
 * archives of a million names; then a good one is taken for a duplicate.
 */
export class NameTable {
  #capacity = 1 << 10;
  #digests = new BigUint64Array(this.#capacity);
  #marks = new Uint8Array(this.#capacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number that was kept for a name, 0 for none. */
  get(name: string): number {
    return this.#marks[this.#slotOf(digestOf(name))] ?? 0;
  }

  /** Keeps a number from 1 to 255 for a name. */
  set(name: string, mark: number): void {
    const digest = digestOf(name);
    const slot = this.#slotOf(digest);
    if (this.#marks[slot] === 0) this.#size++;
    this.#digests[slot] = digest;
    this.#marks[slot] = mark;
    if (this.#size * 3 > this.#capacity * 2) this.#grow();
  }

  /** Where a digest is, or would be put: the first free place after the one it asks for. */
  #slotOf(digest: bigint): number {
    let slot = Number(digest & 0xffffffffn) % this.#capacity;
    while (this.#marks[slot] !== 0 && this.#digests[slot] !== digest)
      slot = (slot + 1) % this.#capacity;
    return slot;
  }

  #grow(): void {
    const [digests, marks] = [this.#digests, this.#marks];
    this.#capacity *= 2;
    this.#digests = new BigUint64Array(this.#capacity);
    this.#marks = new Uint8Array(this.#capacity);
    for (const [index, mark] of marks.entries()) {
      if (mark === 0) continue;
      const digest = digests[index] ?? 0n;
      const slot = this.#slotOf(digest);
      this.#digests[slot] = digest;
      this.#marks[slot] = mark;
    }
  }
}

function digestOf(name: string): bigint {
  return hash('sha256', name, 'buffer').readBigUInt64LE();
}
