import { describe, expect, it } from 'vitest';
import { parseListing } from '../../../functions/shared/rclone/listing.ts';

const entry = {
  Path: 'a.txt',
  Name: 'a.txt',
  Size: 3,
  ModTime: '2026-11-22T10:00:00Z',
  IsDir: false,
};

function parse(...entries: object[]): ReturnType<typeof parseListing> {
  return parseListing(JSON.stringify(entries));
}

describe('a listing', () => {
  it('has files and folders', () => {
    expect(parse(entry, { ...entry, Path: 'd', Size: -1, IsDir: true })).toEqual({
      files: [{ path: 'a.txt', size: 3, modified: '2026-11-22T10:00:00Z' }],
      folders: ['d'],
    });
  });

  it('keeps files of no bytes, and leaves out documents that have none of their own', () => {
    const { files } = parse({ ...entry, Size: 0 }, { ...entry, Path: 'b.gdoc', Size: -1 });

    expect(files.map(({ path }) => path)).toEqual(['a.txt']);
  });

  it.each([
    ['one', { md5: 'aa' }, 'md5:aa'],
    ['the first that has a value', { quickxor: '', sha1: 'bb' }, 'sha1:bb'],
  ])('names a hash by its kind: %s', (_, Hashes, hash) => {
    expect(parse({ ...entry, Hashes }).files[0]?.hash).toBe(hash);
  });

  it.each([{}, { md5: '' }])('has no hash where rclone knows none', (Hashes) => {
    expect(parse({ ...entry, Hashes }).files[0]).not.toHaveProperty('hash');
  });

  it('is empty of an empty folder, as rclone prints it', () => {
    expect(parseListing('[\n]\n')).toEqual({ files: [], folders: [] });
  });

  // Half a listing would look like a folder from which files were deleted.
  it.each(['', '[', '[\n{"Path":"a.txt"', '{}', 'null', '[{}]', '[{"Path":1}]'])(
    'is none where rclone did not finish: %j',
    (text) => {
      expect(() => parseListing(text)).toThrow();
    },
  );
});
