import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  formatRemembered,
  listingTime,
  parseRemembered,
  type RememberedFile,
} from '../../../functions/shared/bisync/listing.ts';
import { rememberedFile } from '../../../functions/shared/bisync/settle.ts';

it('reads what rclone writes, names as Go quotes them', () => {
  const text = [
    '# bisync listing v1 from 2026-11-22T22:42:47.705150930+0000',
    '-        5 - - 2026-11-22T22:42:47.647121530+0000 "plain.txt"',
    '-  3009805 md5:378840336ab14afa9c6b8d887e68a340 - 2026-11-22T22:42:47.000000000+0000 "a \\"b\\" \\\\ \\t\\u200b\\x7f.txt"',
    'd       -1 - - 2026-11-22T22:42:47.000000000+0000 "folder"',
    '',
  ].join('\n');

  const side = parseRemembered(text);

  expect([...(side?.keys() ?? [])]).toEqual(['plain.txt', 'a "b" \\ \t\u200b\x7f.txt', 'folder']);
  expect(side?.get('plain.txt')).toMatchObject({
    size: 5,
    time: '2026-11-22T22:42:47.647121530+0000',
  });
  expect(
    formatRemembered(side ?? new Map<string, RememberedFile>())
      .split('\n')
      .slice(1),
  ).toEqual(text.split('\n').slice(1));
});

it.each([
  ['nothing', ''],
  ['another file', '{"version":1}'],
  ['a line that is cut', '# bisync listing v1 from x\n-        5 - - 2026-11-'],
])('is not fooled by %s', (_, text) => {
  expect(parseRemembered(text)).toBeUndefined();
});

it.each(['\u2028', 'a\u2029b', '\u0085'])(
  'reads a name back that JavaScript takes for two lines: %j',
  (path) => {
    const file = rememberedFile({ path, size: 1, modified: '2026-01-02T03:04:05Z' });

    expect(parseRemembered(formatRemembered(new Map([[path, file]])))).toEqual(
      new Map([[path, file]]),
    );
  },
);

it('writes any name so that it is read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (path, size) => {
      const file = rememberedFile({ path, size, modified: '2026-01-02T03:04:05Z' });
      const side = parseRemembered(formatRemembered(new Map([[path, file]])));
      expect(side).toEqual(new Map([[path, file]]));
    }),
  );
});

it.each([
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000000+0000'],
  ['2026-01-02T03:04:05.647121530Z', '2026-01-02T03:04:05.647121530+0000'],
  ['2026-01-02T03:04:05.5+02:00', '2026-01-02T01:04:05.500000000+0000'],
])('writes the time %s as bisync does', (given, expected) => {
  expect(listingTime(given)).toBe(expected);
});
