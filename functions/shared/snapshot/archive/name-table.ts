import { hash, randomBytes } from 'node:crypto';

/**
 * Remembers millions of names, each with a small number, in a bounded room: 96 bits of a digest and
 * a byte per name, in one open table. The digests are salted: whoever writes an archive cannot look
 * for two names that share one, of which the second would be refused as a duplicate.
 */
export class NameTable {
  #capacity = 1 << 10;
  #digests = new BigUint64Array(this.#capacity);
  #checks = new Uint32Array(this.#capacity);
  #marks = new Uint8Array(this.#capacity);
  #size = 0;
  readonly #salt = randomBytes(12).toString('base64');

  get size(): number {
    return this.#size;
  }

  /** The number that was kept for a name, 0 for none. */
  get(name: string): number {
    return this.#marks[this.#slotOf(this.#digestOf(name))] ?? 0;
  }

  /** Keeps a number from 1 to 255 for a name. */
  set(name: string, mark: number): void {
    const digest = this.#digestOf(name);
    const slot = this.#slotOf(digest);
    if (this.#marks[slot] === 0) this.#size++;
    this.#put(slot, digest, mark);
    if (this.#size * 3 > this.#capacity * 2) this.#grow();
  }

  #put(slot: number, { digest, check }: Digest, mark: number): void {
    this.#digests[slot] = digest;
    this.#checks[slot] = check;
    this.#marks[slot] = mark;
  }

  /** Where a digest is, or would be put: the first free place after the one it asks for. */
  #slotOf({ digest, check }: Digest): number {
    let slot = Number(digest & 0xffffffffn) % this.#capacity;
    while (
      this.#marks[slot] !== 0 &&
      (this.#digests[slot] !== digest || this.#checks[slot] !== check)
    )
      slot = (slot + 1) % this.#capacity;
    return slot;
  }

  #grow(): void {
    const [digests, checks, marks] = [this.#digests, this.#checks, this.#marks];
    this.#capacity *= 2;
    this.#digests = new BigUint64Array(this.#capacity);
    this.#checks = new Uint32Array(this.#capacity);
    this.#marks = new Uint8Array(this.#capacity);
    for (const [index, mark] of marks.entries()) {
      if (mark === 0) continue;
      const kept = { digest: digests[index] ?? 0n, check: checks[index] ?? 0 };
      this.#put(this.#slotOf(kept), kept, mark);
    }
  }

  #digestOf(name: string): Digest {
    const bytes = hash('sha256', this.#salt + name, 'buffer');
    return { digest: bytes.readBigUInt64LE(), check: bytes.readUInt32LE(8) };
  }
}

/** The first bits of a digest, and some that follow them. */
interface Digest {
  digest: bigint;
  check: number;
}
