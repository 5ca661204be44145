import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSha256 } from '../../../cli/drop-link/page/sha256.js';

it('hashes as Node does, in whatever pieces the bytes come', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const ours = createSha256();
      const theirs = createHash('sha256');
      for (const part of parts) {
        ours.update(part);
        theirs.update(part);
      }
      expect(ours.hex()).toBe(theirs.digest('hex'));
    }),
  );
});

it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 128])('hashes %i bytes', (length) => {
  const bytes = new Uint8Array(length).fill(0xa5);
  const ours = createSha256();
  ours.update(bytes);
  expect(ours.hex()).toBe(createHash('sha256').update(bytes).digest('hex'));
});
