import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directions } from '../../../functions/shared/contract/index.ts';
import { identity, notSeenYet } from '../../../functions/shared/one-way/manifest.ts';
import { pathKey } from '../../../functions/shared/one-way/plan.ts';
import type { ListedFile } from '../../../functions/shared/rclone/listing.ts';
import { unusable } from '../../../functions/shared/rclone/names.ts';
import { file, manifestOf, names, noManifest, planFor } from './given.ts';

const later = '2026-11-23T10:00:00Z';
const earlier = '2020-01-01T00:00:00Z';

describe('a plan', () => {
  it('copies what the cloud folder does not have, and deletes what the workspace does not', () => {
    const plan = planFor({ source: [file('new')], destination: [file('old')] });

    expect(names(plan)).toEqual({ copy: ['new'], delete: ['old'] });
  });

  it('leaves a file alone that is what was pushed, on both sides', () => {
    const source = file('a', { hash: 'h1' });
    const destination = file('a', { modified: later });

    const plan = planFor({
      source: [source],
      destination: [destination],
      manifest: manifestOf([source, destination]),
    });

    expect(names(plan)).toEqual({ unchanged: ['a'] });
  });

  it.each([
    ['by its hash, of equal size and an older time', { hash: 'h2', modified: earlier }],
    ['by its hash, of equal size and equal time', { hash: 'h2' }],
    ['by its size', { hash: 'h1', size: 4 }],
  ])('finds a file that has changed in the workspace: %s', (_, change) => {
    const before = file('a', { hash: 'h1' });

    const plan = planFor({
      source: [{ ...before, ...change }],
      destination: [file('a')],
      manifest: manifestOf([before, file('a')]),
    });

    expect(names(plan)).toEqual({ update: ['a'] });
  });

  it.each([
    ['newer', later],
    ['older', earlier],
  ])('finds a changed file by its time where nobody hashes: %s', (_, modified) => {
    const plan = planFor({
      source: [file('a', { modified })],
      destination: [file('a')],
      manifest: manifestOf([file('a'), file('a')]),
    });

    expect(names(plan)).toEqual({ update: ['a'] });
  });

  it('does not mind a touched file whose hash is the same', () => {
    const before = file('a', { hash: 'h1' });

    const plan = planFor({
      source: [{ ...before, modified: later }],
      destination: [file('a')],
      manifest: manifestOf([before, file('a')]),
    });

    expect(names(plan)).toEqual({ unchanged: ['a'] });
  });

  it.each([
    ['of another time', { modified: later }],
    ['of an older time', { modified: earlier }],
    ['of another size', { size: 9 }],
  ])('puts back what a person has edited in the cloud folder: %s', (_, edit) => {
    const plan = planFor({
      source: [file('a')],
      destination: [file('a', edit)],
      manifest: manifestOf([file('a'), file('a')]),
    });

    expect(names(plan)).toEqual({ update: ['a'] });
  });

  it('puts back what a person has deleted in the cloud folder', () => {
    const plan = planFor({ source: [file('a')], manifest: manifestOf([file('a'), file('a')]) });

    expect(names(plan)).toEqual({ copy: ['a'] });
  });

  it('of a first contact asks about files of equal size, and sends the others', () => {
    const plan = planFor({
      source: [file('same size'), file('other size')],
      destination: [file('same size', { modified: later }), file('other size', { size: 9 })],
      manifest: noManifest,
    });

    expect(names(plan)).toEqual({ compare: ['same size'], update: ['other size'] });
  });

  it('asks about a file of which this manifest knows nothing', () => {
    const plan = planFor({
      source: [file('a'), file('b')],
      destination: [file('a'), file('b')],
      manifest: manifestOf([file('a'), file('a')]),
    });

    expect(names(plan)).toEqual({ compare: ['b'], unchanged: ['a'] });
  });

  it('believes what an earlier leg has sent, whatever time the cloud folder gives it', () => {
    const sent = { workspace: identity(file('a')), cloud: notSeenYet };
    const manifest = { settled: true, files: new Map([['a', sent]]) };

    const seen = planFor({
      source: [file('a')],
      destination: [file('a', { modified: later })],
      manifest,
    });
    const changed = planFor({
      source: [file('a', { modified: later })],
      destination: [file('a')],
      manifest,
    });
    const lost = planFor({ source: [file('a')], manifest });

    expect(names(seen)).toEqual({ unchanged: ['a'] });
    expect(names(changed)).toEqual({ update: ['a'] });
    expect(names(lost)).toEqual({ copy: ['a'] });
  });
});

describe('a plan of names that are one file in the cloud folder', () => {
  it('sends one of those that differ in case, names the other, and deletes neither', () => {
    const plan = planFor({
      source: [file('A.txt'), file('a.txt')],
      destination: [file('a.TXT')],
      caseInsensitive: true,
    });

    expect(names(plan)).toEqual({ compare: ['A.txt'], skipped: ['a.txt'] });
    expect(plan.skipped[0]?.reason).toBe(
      'in the cloud folder it would be the same file as "A.txt": rename one of them',
    );
  });

  it('sends both where case tells files apart', () => {
    const plan = planFor({
      source: [file('A.txt'), file('a.txt')],
      destination: [file('a.TXT')],
    });

    expect(names(plan)).toEqual({ copy: ['A.txt', 'a.txt'], delete: ['a.TXT'] });
  });

  it.each([true, false])('knows a name in another Unicode form again (%s)', (caseInsensitive) => {
    const decomposed = file('e\u0301.txt');

    const plan = planFor({
      source: [decomposed],
      destination: [file('\u00e9.txt')],
      manifest: manifestOf([decomposed, file('\u00e9.txt')]),
      caseInsensitive,
    });

    expect(names(plan)).toEqual({ unchanged: ['e\u0301.txt'] });
  });

  it('deletes the other form of a name once the file lies there in its own', () => {
    const [composed, decomposed] = [file('\u00e9.txt', { size: 9 }), file('e\u0301.txt')];
    const source = [decomposed];

    expect(names(planFor({ source, destination: [composed] }))).toEqual({
      update: ['e\u0301.txt'],
    });
    const manifest = manifestOf([decomposed, decomposed]);
    expect(names(planFor({ source, destination: [composed, decomposed], manifest }))).toEqual({
      unchanged: ['e\u0301.txt'],
      delete: ['\u00e9.txt'],
    });
  });

  it('deletes neither form of a name where the workspace has both', () => {
    const both = [file('\u00e9.txt'), file('e\u0301.txt')];

    expect(planFor({ source: both, destination: both }).delete).toEqual([]);
  });

  it('names a file whose other Unicode form lies in the workspace, too', () => {
    const plan = planFor({ source: [file('\u00e9'), file('e\u0301')] });

    expect(names(plan)).toEqual({ copy: ['\u00e9'], skipped: ['e\u0301'] });
  });
});

describe('a plan of a file where a folder lies', () => {
  const sides = { source: [file('d')], destinationFolders: ['d'] };

  it('says what is to be done where the folder is empty', () => {
    const plan = planFor(sides);

    expect(names(plan)).toEqual({ skipped: ['d'] });
    expect(plan.skipped[0]?.reason).toContain(
      'empty or with nothing but what is excluded: remove it',
    );
  });

  it('deletes first what lies in it and is gone from the workspace', () => {
    const plan = planFor({ ...sides, destination: [file('d/x')] });

    expect(names(plan)).toEqual({ skipped: ['d'], delete: ['d/x'] });
    expect(plan.skipped[0]?.reason).toBe('a folder of that name lies in the cloud folder');
  });
});

describe('a plan of names that cannot be sent', () => {
  it.each(['a\nb', 'a\rb', 'tab\there', 'delete\u007f'])('leaves %j out', (path) => {
    const plan = planFor({ source: [file(path)], destination: [file(path)] });

    expect(names(plan)).toEqual({ skipped: [path] });
    expect(plan.skipped[0]?.reason).toBe(
      'its name holds a line break or another control character',
    );
  });

  it.each(['/report.md', 'report.md/', 'a//report.md', '/_inbox/x', './report.md', 'a\nb'])(
    'does not delete %j, which rclone would take for another file',
    (path) => {
      const inStep = [file('report.md'), file('report.md')] as const;
      const plan = planFor({
        source: [inStep[0]],
        destination: [inStep[1], file(path)],
        manifest: manifestOf([...inStep]),
      });

      expect(names(plan)).toEqual({ unchanged: ['report.md'], skipped: [path] });
      expect(plan.skipped[0]?.reason).toContain('it stays in the cloud folder');
    },
  );

  it('neither sends nor deletes what rclone does not find by its name', () => {
    const lost = file('It\u201b\u201bs mine', { unreachable: true });

    expect(names(planFor({ source: [lost] }))).toEqual({ skipped: [lost.path] });
    expect(names(planFor({ destination: [lost] }))).toEqual({ skipped: [lost.path] });
    expect(names(planFor({ source: [lost], destination: [file(lost.path)] }))).toEqual({
      skipped: [lost.path],
    });
  });

  it.each(['__proto__', 'constructor', 'toString'])('takes %s for a name', (path) => {
    expect(names(planFor({ source: [file(path)] }))).toEqual({ copy: [path] });
    expect(names(planFor({ destination: [file(path)] }))).toEqual({ delete: [path] });
  });
});

const path = fc.oneof(
  fc.constantFrom('a', 'A', 'b', 'B', '\u00e9', 'e\u0301', 'x\ny', 'd/a', 'D/a', '__proto__'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
);
const listed: fc.Arbitrary<ListedFile> = fc.record(
  {
    path,
    size: fc.nat({ max: 2 }),
    modified: fc.constantFrom(earlier, later),
    hash: fc.constantFrom('h1', 'h2'),
  },
  { requiredKeys: ['path', 'size', 'modified'] },
);
const listing = fc.uniqueArray(listed, { selector: ({ path: name }) => name, maxLength: 12 });
const sides = fc.record({
  direction: fc.constantFrom(...directions),
  source: listing,
  destination: listing,
  caseInsensitive: fc.boolean(),
  manifest: fc.option(
    fc
      .tuple(listing, listing)
      .map(([before, there]) =>
        manifestOf(
          ...before.map((one, index): [ListedFile, ListedFile] => [one, there[index] ?? one]),
        ),
      ),
    { nil: noManifest },
  ),
});

function isNamed({ path: name }: ListedFile): boolean {
  return unusable(name) === undefined;
}

describe('any plan', () => {
  it('has every file of the workspace in one list, and what it cannot name', () => {
    fc.assert(
      fc.property(sides, (given) => {
        const planned = Object.entries(names(planFor(given))).flatMap(([list, paths]) =>
          list === 'delete' ? [] : paths,
        );
        const said = new Set(given.source.map((one) => one.path));
        const odd = given.destination.filter((one) => !isNamed(one) && !said.has(one.path));
        expect(planned.sort()).toEqual([...said, ...odd.map((one) => one.path)].sort());
      }),
    );
  });

  it('deletes nothing that the workspace has under any spelling, and all else that it can name', () => {
    fc.assert(
      fc.property(sides, (given) => {
        const keyOf = pathKey(given.caseInsensitive);
        const wanted = new Set(given.source.map((one) => keyOf(one.path)));
        const deleted = planFor(given).delete;
        const others = given.destination.filter(
          (one) => isNamed(one) && !wanted.has(keyOf(one.path)),
        );
        expect(deleted).toEqual(expect.arrayContaining(others));
        // Of what it has, only another spelling of what lies there, too.
        for (const one of deleted.filter((gone) => !others.includes(gone))) {
          const key = keyOf(one.path);
          const same = given.destination.filter((there) => keyOf(there.path) === key);
          expect(same.length).toBeGreaterThan(1);
          expect(given.source.map(({ path: name }) => name)).not.toContain(one.path);
        }
      }),
    );
  });

  it('sends nothing twice under one key', () => {
    fc.assert(
      fc.property(sides, (given) => {
        const { copy, update, compare, resend, unchanged } = planFor(given);
        const same = unchanged.map(([source]) => source);
        const keys = [...copy, ...update, ...compare, ...resend, ...same].map((one) =>
          pathKey(given.caseInsensitive)(one.path),
        );
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it('is empty once it was carried out', () => {
    fc.assert(
      fc.property(sides, (given) => {
        const sent = given.source.filter(isNamed);
        const {
          unchanged = [],
          skipped = [],
          ...changes
        } = names(
          planFor({
            direction: given.direction,
            source: sent,
            destination: sent,
            manifest: manifestOf(...sent.map((one): [ListedFile, ListedFile] => [one, one])),
          }),
        );
        expect(changes).toEqual({});
        expect([...unchanged, ...skipped]).toHaveLength(sent.length);
      }),
    );
  });

  it('does not change its input', () => {
    fc.assert(
      fc.property(sides, (given) => {
        const before = structuredClone(given);
        planFor(given);
        expect(given).toEqual(before);
      }),
    );
  });
});

describe('a plan of a pull', () => {
  it('goes by what both sides showed when they were in step, whichever way that was', () => {
    const workspace = file('a', { hash: 'h1', modified: later });
    const cloud = file('a');

    const manifest = manifestOf([workspace, cloud]);

    const pull = (changed: { cloud?: object; workspace?: object }): Record<string, string[]> =>
      names(
        planFor({
          direction: 'pull',
          source: [{ ...cloud, ...changed.cloud }],
          destination: [{ ...workspace, ...changed.workspace }],
          manifest,
        }),
      );
    expect(pull({})).toEqual({ unchanged: ['a'] });
    expect(pull({ cloud: { modified: earlier } })).toEqual({ update: ['a'] });
    expect(pull({ workspace: { hash: 'h2' } })).toEqual({ update: ['a'] });
  });

  it('keeps names apart that the workspace keeps apart', () => {
    const plan = planFor({
      direction: 'pull',
      source: [file('A.txt')],
      destination: [file('a.txt')],
    });

    expect(names(plan)).toEqual({ copy: ['A.txt'], delete: ['a.txt'] });
  });

  it('sends again what has no checksum to compare', () => {
    const both = { source: [file('a')], destination: [file('a')] };

    expect(names(planFor({ ...both, comparable: () => false }))).toEqual({ resend: ['a'] });
  });
});

describe('a file that no leg can carry', () => {
  it('is left out with the way out, and what lies there stays', () => {
    const plan = planFor({
      source: [file('big', { size: 5e9 }), file('small')],
      destination: [file('big', { size: 1 })],
      maxFileBytes: 4e9,
    });

    expect(names(plan)).toEqual({ copy: ['small'], skipped: ['big'] });
    expect(plan.skipped[0]?.reason).toContain('5.0 GB');
    expect(plan.skipped[0]?.reason).toContain('sync.exclude');
  });
});
