import { describe, expect, it } from 'vitest';
import { GoneCheck } from '../../../../functions/shared/snapshot/source/gone.ts';
import { FileGoneError } from '../../../../functions/shared/snapshot/source/source.ts';

/** Something to read that is not found so many times. */
function givenReading(timesGone: number): () => Promise<string> {
  let times = 0;
  return () =>
    ++times <= timesGone ? Promise.reject(new FileGoneError('a')) : Promise.resolve('content');
}

const listed = (): Promise<boolean> => Promise.resolve(true);
const unlisted = (): Promise<boolean> => Promise.resolve(false);

describe('a file that is not found', () => {
  it('is gone where it is not listed either', async () => {
    await expect(new GoneCheck().reading('a', givenReading(9), unlisted)).rejects.toThrow(
      FileGoneError,
    );
  });

  it('is unreadable where it is listed', async () => {
    await expect(new GoneCheck().reading('a', givenReading(9), listed)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: '"a" cannot be read: it is listed and cannot be opened by that name.',
    });
  });

  it('is read where it was put there anew', async () => {
    expect(await new GoneCheck().reading('a', givenReading(1), listed)).toBe('content');
  });

  it('is looked for a hundred times, and then unreadable', async () => {
    const check = new GoneCheck();
    let looks = 0;
    const look = (): Promise<boolean> => {
      looks++;
      return unlisted();
    };
    const codes: unknown[] = [];
    for (let file = 0; file < 101; file++) {
      await check
        .reading('a', givenReading(9), look)
        .catch((error: unknown) => codes.push((error as { code: unknown }).code));
    }

    expect(looks).toBe(100);
    expect(codes.slice(98)).toEqual(['file-gone', 'file-gone', 'file-unreadable']);
  });

  it('says what else is wrong as it is', async () => {
    const fail = (): Promise<never> => Promise.reject(new TypeError('other'));

    await expect(new GoneCheck().reading('a', fail, listed)).rejects.toThrow(TypeError);
  });
});
