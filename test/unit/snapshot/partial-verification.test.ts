import { endless } from '../../../functions/shared/snapshot/read/leg-over.ts';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { stretchOf, verifyStretch } from '../../../functions/shared/snapshot/read/verify.ts';
import { takeSnapshot, type TakenSnapshot } from './given.ts';

const kib = 1024;

/** A large file lies over the borders of five segments. */
function givenSnapshot(): Promise<TakenSnapshot> {
  const files = { a: 'a', 'large.bin': randomBytes(5 * 1024 * kib), z: 'z' };
  return takeSnapshot({ files, encrypt: false, limits: { bytes: 1024 * kib, files: 10 } });
}

async function verifiesSegment(snapshot: TakenSnapshot, segment: number): Promise<boolean> {
  const reader = await snapshot.open();
  const stretch = { from: { segment, offset: 0 }, to: segment };
  return verifyStretch(reader, stretch, endless).then(
    () => true,
    () => false,
  );
}

describe('a verification of a part', () => {
  it('notices a damage at either end of each segment, whatever file lies over its borders', async () => {
    const snapshot = await givenSnapshot();
    const { segments } = snapshot.manifest;
    expect(segments.length).toBeGreaterThan(4);
    for (const { number, archive } of segments) {
      expect(await verifiesSegment(snapshot, number), `segment ${number}`).toBe(true);
      const object = snapshot.store.objects.get(archive.name);
      if (!object) throw new Error('There is no such object.');
      const { bytes } = object;
      for (const position of [bytes.length - 1, bytes.length >> 1, 20]) {
        object.bytes = Buffer.from(bytes);
        object.bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
        const what = `segment ${number}, byte ${position}`;
        expect(await verifiesSegment(snapshot, number), what).toBe(false);
      }
      object.bytes = bytes;
    }
  });

  it('takes at least one segment, at most all, and comes to see each', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { from, to } = stretchOf(7, 1, seed);
      expect(to).toBe(from.segment);
      seen.add(to);
    }
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(stretchOf(7, 100, 3)).toEqual({ from: { segment: 1, offset: 0 }, to: 7 });
  });
});
