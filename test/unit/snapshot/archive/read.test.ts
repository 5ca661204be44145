import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, linkSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfArchive, readArchive } from '../../../../functions/shared/snapshot/archive/index.ts';
import { formatRecords } from '../../../../functions/shared/snapshot/archive/pax.ts';
import {
  all,
  amply,
  chunksOf,
  collect,
  extension,
  forged,
  givenArchive,
  givenMember,
  inFolder,
  type Listed,
  list,
  resealed,
  takeOne,
} from './given.ts';

const longName = `${'folder-of-some-length/'.repeat(12)}${'n'.repeat(120)} ü`;

/** A folder packed by GNU tar as the operator would pack it. */
function packedByTar(...options: string[]): Buffer {
  return inFolder((folder) => {
    mkdirSync(join(folder, longName, '..'), { recursive: true });
    writeFileSync(join(folder, longName), 'long');
    writeFileSync(join(folder, 'run.sh'), '#!');
    chmodSync(join(folder, 'run.sh'), 0o6755);
    writeFileSync(join(folder, 'large'), Buffer.alloc(3 << 20, 'large'));
    symlinkSync('run.sh', join(folder, 'symbolic'));
    symlinkSync(`/${'t'.repeat(150)}`, join(folder, 'long link'));
    linkSync(join(folder, 'run.sh'), join(folder, 'twin'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const name of ['run.sh', 'large', longName])
      utimesSync(join(folder, name), 1_600_000_000.25, 1_600_000_000.25);
    return execFileSync('tar', ['-C', folder, '--sort=name', ...options, '-cf', '-', '.'], {
      maxBuffer: 1 << 26,
    });
  });
}

function byPath(members: readonly Listed[]): Map<string, Listed> {
  return new Map(members.map((member) => [member.path, member]));
}

async function expectRefused(archive: Buffer, code: string): Promise<void> {
  await expect(list(archive)).rejects.toMatchObject({ code });
}

describe('reading an archive of GNU tar', () => {
  it.each([
    ['gnu', 1_600_000_000_000],
    ['pax', 1_600_000_000_250],
    ['oldgnu', 1_600_000_000_000],
  ])('understands its format %s', async (format, modified) => {
    const members = byPath(await list(packedByTar(`--format=${format}`)));

    expect(members.get('')?.kind).toBe('folder');
    expect(members.get(longName)).toMatchObject({ kind: 'file', content: 'long', modified });
    expect(members.get('run.sh')).toMatchObject({ mode: 0o755, size: 2, modified });
    expect(members.get('large')?.content).toHaveLength(3 << 20);
    expect(members.get('symbolic')).toMatchObject({ kind: 'symlink', link: 'run.sh' });
    expect(members.get('long link')?.link).toBe(`/${'t'.repeat(150)}`);
    expect(members.get('twin')).toMatchObject({ kind: 'hardlink', link: './run.sh' });
    expect(members.get('pipe')?.kind).toBe('fifo');
  });

  it.each(['gnu', 'pax'])('refuses a sparse file of its format %s', async (format) => {
    const archive = inFolder((folder) => {
      execFileSync('truncate', ['-s', '10M', join(folder, 'giant')]);
      return execFileSync('tar', ['-C', folder, '-S', `--format=${format}`, '-cf', '-', 'giant']);
    });

    await expectRefused(archive, 'archive-sparse');
  });
});

describe('reading numbers and extended headers', () => {
  it('reads sizes and times of base 256', async () => {
    const member = givenMember({ path: 'a', content: 'four' });
    member.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4], 124);
    member.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], 136);
    const [read] = await list(Buffer.concat([resealed(member), endOfArchive]));

    expect(read).toMatchObject({ size: 4, modified: -2000, content: 'four' });
  });

  it.each([
    ['a negative size', Buffer.alloc(12, 0xff)],
    ['a size beyond all numbers', Buffer.from('807fffffffffffffffffffff', 'hex')],
    ['a size that is no number', '0000000x123\0'],
  ])('refuses %s', async (_, size) => {
    await expectRefused(forged({ path: 'a' }, { size }), 'archive-damaged');
  });

  it('applies a global header until a member says otherwise', async () => {
    const global = extension('g', '19 mtime=1000000.5\n');
    const own = extension('x', '17 mtime=2000.25\n');
    const member = givenMember({ path: 'a' });
    const members = await list(Buffer.concat([global, own, member, member, endOfArchive]));

    expect(members.map((m) => m.modified)).toEqual([2_000_250, 1_000_000_500]);
  });

  it.each([
    ['a record that claims more than there is', '99 path=a\n'],
    ['a record without an end', '9 path=ab'],
    ['a record without a key', '5 =a\n'],
    ['no record at all', 'path=a\n'],
    ['an endless length', '111111111111 path=a\n'],
    ['a size in words', '12 size=one\n'],
    ['a time in words', '13 mtime=now\n'],
  ])('refuses an extended header with %s', async (_, content) => {
    const archive = Buffer.concat([extension('x', content), givenArchive({ path: 'a' })]);
    await expectRefused(archive, 'archive-damaged');
  });

  it('refuses two extended headers for one member', async () => {
    const header = extension('x', '10 path=a\n');
    await expectRefused(Buffer.concat([header, header, endOfArchive]), 'archive-damaged');
  });

  it('refuses an extended header without a member', async () => {
    const archive = Buffer.concat([extension('x', '10 path=a\n'), endOfArchive]);
    await expectRefused(archive, 'archive-truncated');
  });

  it('refuses a sparse file that only extended headers show', async () => {
    const archive = Buffer.concat([
      extension('x', '22 GNU.sparse.major=1\n'),
      givenArchive({ path: 'a' }),
    ]);
    await expectRefused(archive, 'archive-sparse');
  });

  it('refuses a link that claims content, of which readers disagree', async () => {
    const link = forged({ path: 'a', content: 'x' }, { type: '2', link: 'b' });
    await expectRefused(Buffer.concat([link, endOfArchive]), 'archive-damaged');
  });
});

describe('the limits of a reader', () => {
  const archive = givenArchive(
    { path: 'a', content: 'x'.repeat(600) },
    { path: 'b', content: 'y'.repeat(600) },
  );

  it.each([
    ['members', { members: 1 }],
    ['bytes of a member', { memberBytes: 599 }],
    ['bytes in all', { totalBytes: 1199 }],
  ])('holds for %s', async (_, limit) => {
    await expect(list(archive, { ...amply, ...limit })).rejects.toMatchObject({
      code: 'archive-limit',
    });
  });

  it('lets pass what is just allowed', async () => {
    const limits = { members: 2, memberBytes: 600, totalBytes: 1200 };
    expect(await list(archive, limits)).toHaveLength(2);
  });

  it('holds for extended headers before they are read', async () => {
    const header = forged({ path: 'x' }, { type: 'x', size: '00004000001\0' });
    await expectRefused(header, 'archive-limit');
  });

  it('holds for a stream of global headers', async () => {
    const limits = { ...amply, members: 2 };
    const global = extension('g', '13 comment=a\n');
    const endless = Buffer.concat(Array<Buffer>(20).fill(global));

    await expect(list(endless, limits)).rejects.toMatchObject({ code: 'archive-limit' });
  });

  it('ends zeros that never end', async () => {
    const zeros = Buffer.alloc(64 << 10);
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield await Promise.resolve(zeros);
    }
    await expect(list(endless())).rejects.toMatchObject({ code: 'archive-damaged' });
  });
});

describe('an archive that was damaged', () => {
  const archive = givenArchive(
    { path: 'first', content: 'x'.repeat(700) },
    { path: 'zweite ü', content: 'y' },
  );

  it('is refused wherever it is cut', async () => {
    for (let length = 0; length < archive.length; length += length % 512 === 510 ? 1 : 17)
      await expectRefused(archive.subarray(0, length), 'archive-truncated');
    for (let length = 0; length < archive.length; length += 512)
      await expectRefused(archive.subarray(0, length), 'archive-truncated');
    expect(await list(archive)).toHaveLength(2);
  });

  it('is refused when a bit of a header is flipped, unless that changes nothing', async () => {
    const good = await list(archive);
    for (let bit = 0; bit < 512 * 8; bit++) {
      const bad = Buffer.from(archive);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await list(bad).catch((error: unknown) => error);
      if (Array.isArray(outcome)) expect(outcome, `bit ${bit}`).toEqual(good);
      else expect(outcome).toHaveProperty('code', 'archive-damaged');
    }
  });

  it('is refused when something follows its end', async () => {
    await expectRefused(Buffer.concat([archive, archive]), 'archive-damaged');
    expect(await list(Buffer.concat([archive, Buffer.alloc(9216)]))).toHaveLength(2);
  });

  it('is refused when its end mark is half, or it is none at all', async () => {
    await expectRefused(Buffer.concat([Buffer.alloc(512), archive]), 'archive-damaged');
    await expectRefused(Buffer.alloc(1024, 'no archive'), 'archive-damaged');
    await expectRefused(Buffer.from('<html>'), 'archive-truncated');
  });

  it('never hangs nor fails in another way, whatever the bytes', async () => {
    const bytes = fc.uint8Array({ minLength: 148, maxLength: 1500 });
    const property = fc.asyncProperty(bytes, async (random) => {
      const header = resealed(Buffer.concat([random, Buffer.alloc(512)]));
      const outcome = await list(header).catch((error: unknown) => error);
      expect(outcome).toHaveProperty('code', expect.stringMatching(/^archive-/));
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('the content of members', () => {
  const large = Buffer.alloc((1 << 20) + 1, 'large');
  const archive = givenArchive(
    { path: 'small', content: 'small' },
    { path: 'most', content: large.subarray(1) },
    { path: 'large', content: large },
    { path: 'last', content: 'last' },
  );

  it('does not depend on how the archive is cut', async () => {
    const small = givenArchive(
      { path: 'ä', content: 'x'.repeat(513) },
      { path: 'b', modified: 1.5 },
    );
    for (const size of [1, 7, 511, 512, 513])
      expect(await list(chunksOf(small, size))).toEqual(await list(small));
  });

  it('comes whole up to 1 MiB, and as a view where it can', async () => {
    const whole: (number | undefined)[] = [];
    for await (const { bytes, path } of readArchive(chunksOf(archive, archive.length), amply)) {
      whole.push(bytes?.length);
      if (path === 'small') expect(bytes?.buffer).toBe(archive.buffer);
    }

    expect(whole).toEqual([5, 1 << 20, undefined, 4]);
  });

  it('is passed over where nobody reads it, or stops in the middle', async () => {
    const paths: string[] = [];
    for await (const { path, body } of readArchive(chunksOf(archive, 1000), amply)) {
      paths.push(path);
      if (path === 'large') await takeOne(body);
    }

    expect(paths).toEqual(['small', 'most', 'large', 'last']);
  });

  it('can no longer be read when the next member is there', async () => {
    const members = await all(readArchive(chunksOf(archive), amply));

    await expect(collect(members[2]?.body ?? chunksOf(large))).rejects.toThrow('before the next');
  });

  it('lets go of the archive when nobody wants more', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        yield* chunksOf(archive, 512);
      } finally {
        closed = true;
      }
    }
    await takeOne(readArchive(source(), amply));

    expect(closed).toBe(true);
  });

  it('throws what the source throws', async () => {
    async function* source(): AsyncGenerator<Buffer> {
      yield* chunksOf(archive.subarray(0, 5000));
      throw await Promise.resolve(new Error('wrong tag'));
    }
    await expect(list(source())).rejects.toThrow('wrong tag');
  });
});

describe('extended headers by the hundred', () => {
  const record = (keyword: string, bytes: number): Buffer =>
    formatRecords([[keyword, 'x'.repeat(bytes)]]);

  it('are refused when together they claim more than members need', async () => {
    const headers = Array.from({ length: 3 }, () => extension('g', record('comment', 500_000)));

    await expectRefused(Buffer.concat([...headers, endOfArchive]), 'archive-limit');
  });

  it('are refused before each member, too', async () => {
    const described = Array.from({ length: 3 }, (_, index) =>
      Buffer.concat([
        extension('x', record('comment', 500_000)),
        givenMember({ path: `${index}` }),
      ]),
    );

    await expectRefused(Buffer.concat([...described, endOfArchive]), 'archive-limit');
  });

  it('are refused when too much of them is kept, however many members there are', async () => {
    const members = Array.from({ length: 100 }, (_, index) => givenMember({ path: `${index}` }));
    const headers = Array.from({ length: 3 }, (_, index) =>
      extension('g', record(`k${index}`, 500_000)),
    );

    await expectRefused(Buffer.concat([...members, ...headers, endOfArchive]), 'archive-limit');
  });

  it('are refused when they keep thousands of records', async () => {
    const records = Array.from({ length: 1_001 }, (_, index) => record(`k${index}`, 1));
    const archive = Buffer.concat([extension('g', Buffer.concat(records)), endOfArchive]);

    await expectRefused(archive, 'archive-limit');
  });
});
