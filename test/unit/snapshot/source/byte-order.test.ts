import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../../../functions/shared/snapshot/source/byte-order.ts';
import { anyCodePoint } from '../../../fixtures/any-code-point.ts';

const wellFormed = fc.string({ unit: anyCodePoint });

describe('the order of bytes', () => {
  it('is that of UTF-8, whatever the texts are', () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, wellFormed, (start, a, b) => {
        const [left, right] = [start + a, start + b];
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareBytes(left, right))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts an emoji after a fullwidth letter, unlike JavaScript', () => {
    const names = ['😀', 'ｚ', 'z', 'z/'];

    expect(names.toSorted(compareBytes)).toEqual(['z', 'z/', 'ｚ', '😀']);
    expect(names.toSorted()).toEqual(['z', 'z/', '😀', 'ｚ']);
  });
});
