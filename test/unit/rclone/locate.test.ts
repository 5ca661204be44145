import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { locateRclone, RcloneMissingError } from '../../../functions/shared/rclone/locate.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

let root: string;
let temporary: string;

beforeEach(() => {
  root = folderOfTest('locate');
  temporary = join(root, 'tmp');
  mkdirSync(temporary);
});

function givenRclone(folder: string, mode = 0o755): string {
  const path = join(root, folder, 'rclone');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho ${folder}\n`);
  chmodSync(path, mode);
  return path;
}

function locate(env: Record<string, string>): string {
  return locateRclone(env, temporary);
}

describe('the rclone that is run', () => {
  it('is the override, and no other though that is missing', () => {
    const override = givenRclone('override');
    const env = { PATH: dirname(givenRclone('path')) };

    expect(locate({ ...env, RCLONE_BINARY: override })).toBe(override);
    expect(() => locate({ ...env, RCLONE_BINARY: join(root, 'nowhere') })).toThrow(
      RcloneMissingError,
    );
  });

  it('is that of the layer before that of PATH', () => {
    const layer = givenRclone('layer/bin');
    const env = { _LAMBDA_LAYERS_DIRS: join(root, 'layer'), PATH: dirname(givenRclone('path')) };

    expect(locate(env)).toBe(layer);
  });

  it('is the first on PATH', () => {
    const second = givenRclone('second');

    expect(locate({ PATH: `${join(root, 'first')}:${dirname(second)}` })).toBe(second);
  });

  it('is the one that can be run, where another cannot', () => {
    const layer = join(root, 'layer');
    givenRclone('layer/bin', 0o644);
    const path = givenRclone('path');

    expect(locate({ _LAMBDA_LAYERS_DIRS: layer, PATH: dirname(path) })).toBe(path);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('is no folder of that name', () => {
    mkdirSync(join(root, 'first', 'rclone'), { recursive: true });
    const second = givenRclone('second');

    expect(locate({ PATH: `${join(root, 'first')}:${dirname(second)}` })).toBe(second);
    expect(() => locate({ PATH: join(root, 'first') })).toThrow(RcloneMissingError);
    expect(() => locate({ PATH: second })).toThrow(RcloneMissingError);
  });

  it('is nowhere where PATH holds nothing, and says where it was looked for', () => {
    expect(() => locate({ PATH: '' })).toThrow('/opt/bin/rclone');
    expect(() => locate({ PATH: join(root, 'empty') })).toThrow(join(root, 'empty', 'rclone'));
    expect(() => locate({})).toThrow(/Deploy with the rclone layer, or set RCLONE_BINARY/);
  });
});

describe('an rclone that can be run where it lies', () => {
  it('is neither copied nor touched', () => {
    const path = givenRclone('path');
    const before = { file: statSync(path), folder: statSync(temporary) };

    locate({ PATH: dirname(path) });

    expect(readdirSync(temporary)).toEqual([]);
    expect(statSync(temporary).mtimeMs).toBe(before.folder.mtimeMs);
    expect(statSync(path)).toMatchObject({ ino: before.file.ino, mtimeMs: before.file.mtimeMs });
  });
});

describe('an rclone that has lost its run bit', () => {
  it('is copied once, whole, and can be run', () => {
    const layer = givenRclone('layer/bin', 0o644);
    const env = { _LAMBDA_LAYERS_DIRS: join(root, 'layer') };

    const first = locate(env);
    const { ino, mtimeMs } = statSync(first);
    const second = locate(env);

    expect(first).toBe(join(temporary, 'rclone'));
    expect(readFileSync(first)).toEqual(readFileSync(layer));
    expect(statSync(first).mode & 0o111).toBe(0o111);
    expect(second).toBe(first);
    expect(statSync(second)).toMatchObject({ ino, mtimeMs });
    expect(readdirSync(temporary)).toEqual(['rclone']);
  });
});
