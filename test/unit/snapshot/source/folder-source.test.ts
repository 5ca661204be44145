import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderSource } from '../../../../functions/shared/snapshot/source/folder-source.ts';
import type { Source } from '../../../../functions/shared/snapshot/source/source.ts';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';

let outside: string;
let root: string;
let source: Source;

beforeEach(async () => {
  outside = folderOfTest('folder-source');
  root = join(outside, 'workspace');
  await mkdir(root);
  await writeFile(join(outside, 'secret'), 'secret');
  source = folderSource(root);
});
afterEach(async () => {
  await source.close();
});

async function listed(from = source): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of from.files([''])) paths.push(path);
  return paths;
}

/** A path below the root that ends in a byte of no UTF-8. */
function notUtf8(name: string): Buffer {
  return Buffer.concat([Buffer.from(join(root, name)), Buffer.from([0xff])]);
}

const entry = (path: string) => ({ path, size: 0 });

/** Nothing is closed to the superuser, as which containers often run tests. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  const isSuperuser = process.geteuid?.() === 0;
  if (isSuperuser) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isSuperuser) process.seteuid?.(0);
  }
}

describe('a folder as a source', () => {
  it('passes over links and pipes, and says so', async () => {
    await writeFile(join(root, 'file'), '');
    await symlink(join(outside, 'secret'), join(root, 'link'));
    await symlink(outside, join(root, 'linked folder'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await symlink('nowhere', notUtf8('link-'));

    expect(await listed()).toEqual(['file']);
    expect(source.passedOver.count).toBe(4);
    expect(source.passedOver.names.toSorted()).toEqual([
      'link',
      'link-\\xff',
      'linked folder',
      'pipe',
    ]);
    expect(source.unreadable.count).toBe(0);
    expect(await source.present(['link', 'linked folder/', 'linked folder/secret'])).toEqual([]);
    for await (const found of source.files(['linked folder/', 'link'])) expect(found).toBe('none');
  });

  it('counts files and folders as unreadable whose names are not UTF-8', async () => {
    await writeFile(join(root, 'file'), '');
    await writeFile(notUtf8('file-'), 'precious');
    await mkdir(notUtf8('folder-'));
    await writeFile(Buffer.concat([notUtf8('folder-'), Buffer.from('/invoice')]), 'precious');

    expect(await listed()).toEqual(['file']);
    expect(source.unreadable.count).toBe(2);
    expect(source.unreadable.names.toSorted()).toEqual(['file-\\xff', 'folder-\\xff/']);
    expect(source.passedOver.count).toBe(0);
  });

  it('may itself be reached over a link', async () => {
    await writeFile(join(root, 'a\n'), 'content');
    await symlink(root, join(outside, 'linked'));
    const linked = folderSource(join(outside, 'linked'));

    expect(await listed(linked)).toEqual(['a\n']);
    expect((await linked.readWhole(entry('a\n'))).bytes.toString()).toBe('content');
  });

  it('does not read what a link has taken the place of, not even on the way', async () => {
    await symlink(join(outside, 'secret'), join(root, 'link'));
    await symlink(outside, join(root, 'linked folder'));
    await writeFile(join(root, 'file'), '');
    await symlink('file', join(root, 'link inside'));

    for (const path of ['link', 'link inside', 'linked folder/secret']) {
      await expect(source.readWhole(entry(path))).rejects.toMatchObject({
        code: 'file-unreadable',
      });
      await expect(source.open(entry(path))).rejects.toMatchObject({ code: 'file-unreadable' });
    }
    await expect(source.readWhole(entry('../secret'))).rejects.toMatchObject({
      code: 'invalid-root',
    });
  });

  it('does not wait for somebody to write to a pipe', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);

    await expect(source.readWhole(entry('pipe'))).rejects.toMatchObject({
      code: 'file-unreadable',
    });
  });

  it('tells time, mode and version', async () => {
    await writeFile(join(root, 'a'), 'content');
    await chmod(join(root, 'a'), 0o751);
    await utimes(join(root, 'a'), 1_700_000_000, 1_700_000_000.5);

    const file = await source.readWhole(entry('a'));

    expect(file).toMatchObject({ modified: 1_700_000_000_500, mode: 0o751, changed: false });
    expect((await source.open(entry('a'))).version).toBe(file.version);
  });

  it('notices that a file was written to while it was streamed', async () => {
    await writeFile(join(root, 'a'), 'x'.repeat(3_000_000));
    const stream = await source.open(entry('a'));
    let bytes = 0;
    for await (const chunk of stream.body) {
      if (bytes === 0) await writeFile(join(root, 'a'), 'y', { flag: 'a' });
      bytes += chunk.length;
    }

    expect(bytes).toBe(3_000_000);
    expect(await stream.changed()).toBe(true);
  });

  it('notices that a file was replaced, and still reads the one that it has opened', async () => {
    await writeFile(join(root, 'a'), 'before');
    await writeFile(join(root, 'b'), 'after!');
    const stream = await source.open(entry('a'));
    await rename(join(root, 'b'), join(root, 'a'));

    const chunks: Buffer[] = [];
    for await (const chunk of stream.body) chunks.push(chunk);

    expect(Buffer.concat(chunks).toString()).toBe('before');
    expect(await stream.changed()).toBe(true);
  });

  it('throws where a file was cut while it was streamed', async () => {
    await writeFile(join(root, 'a'), 'x'.repeat(3_000_000));
    const { body } = await source.open(entry('a'));
    const read = async (): Promise<void> => {
      for await (const chunk of body) {
        expect(chunk.length).toBeGreaterThan(0);
        await truncate(join(root, 'a'), 10);
      }
    };

    await expect(read()).rejects.toMatchObject({ code: 'file-changed' });
  });

  it('holds no file in memory that has grown large', async () => {
    await writeFile(join(root, 'a'), '');
    await truncate(join(root, 'a'), 17 * 1024 * 1024);

    await expect(source.readWhole(entry('a'))).rejects.toMatchObject({ code: 'file-changed' });
  });

  it('counts a folder that it may not look into', async () => {
    await mkdir(join(root, 'closed'));
    await writeFile(join(root, 'open'), '');
    await chmod(outside, 0o755);
    await chmod(join(root, 'closed'), 0);

    await asOrdinaryUser(async () => {
      expect(await listed()).toEqual(['open']);
      expect(source.unreadable).toEqual({ count: 1, names: ['closed/'] });
      await expect(source.readWhole(entry('closed/a'))).rejects.toMatchObject({
        code: 'file-unreadable',
      });
      await expect(source.present(['closed/a'])).rejects.toMatchObject({
        code: 'source-unavailable',
      });
    });
    await chmod(join(root, 'closed'), 0o700);
  });

  it('is empty, and nothing is present, where it is missing', async () => {
    const missing = folderSource(join(outside, 'missing'));

    expect(await listed(missing)).toEqual([]);
    expect(await missing.present([''])).toEqual([]);
    await expect(missing.readWhole(entry('a'))).rejects.toMatchObject({ code: 'file-gone' });
  });
});
