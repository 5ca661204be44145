import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatEntry } from '../../functions/shared/snapshot/file-list.ts';
import {
  formatManifest,
  manifestText,
  type Manifest,
} from '../../functions/shared/snapshot/manifest.ts';
import { manifestName } from '../../functions/shared/snapshot/names.ts';
import { commit, packLeg } from '../../functions/shared/snapshot/pack/backup.ts';
import { Findings } from '../../functions/shared/snapshot/pack/findings.ts';
import { folderSource } from '../../functions/shared/snapshot/source/folder-source.ts';
import { writeRecoveryKit } from '../../infra/constructs/bundle.ts';
import { MemorySnapshotStore } from '../fixtures/memory-snapshot-store.ts';
import { quickEncryption } from '../fixtures/quick-passphrase.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { folderOfSuite } from '../fixtures/temporary-folder.ts';
import { filesIn, passphrase, takeSnapshot, writeFiles } from '../unit/snapshot/given.ts';

const MB = 1024 * 1024;
const older = '20261120T030000Z-0000aaaa';
const newer = '20261121T030000Z-0000bbbb';

const base = folderOfSuite('recovery-kit');
const built = join(base, 'kit');
let kitName = '';
let page = '';

beforeAll(() => {
  writeRecoveryKit(built);
  kitName = readdirSync(built).find((name) => name.endsWith('.mjs')) ?? '';
  page = readFileSync(join(built, kitName.replace('.mjs', '.txt')), 'utf8');
});

/** A folder with the kit alone and the objects of a store: nothing of this project is in reach. */
function givenCopy(store?: MemorySnapshotStore): string {
  const folder = mkdtempSync(join(base, 'copy-'));
  copyFileSync(join(built, kitName), join(folder, kitName));
  for (const [name, { bytes }] of store?.objects ?? []) writeFileSync(join(folder, name), bytes);
  return folder;
}

const env = { PATH: process.env['PATH'] ?? '' };

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function kit(folder: string, args: string[], input = `${passphrase}\n`): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [kitName, ...args], {
    cwd: folder,
    env,
    input,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

/** What is below a folder: content, time and mode of each file. */
function contentsOf(root: string, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(filesIn(root)).map(([path, bytes]) => {
      const { mtimeMs, mode } = statSync(join(root, path));
      return [prefix + path, { sha256: hash('sha256', bytes), time: Math.round(mtimeMs), mode }];
    }),
  );
}

function givenFolder(files: Record<string, string | Buffer>): string {
  return writeFiles(mkdtempSync(join(base, 'folder-')), files);
}

/** A folder whose files are of different days, with parts of a second. */
function givenFiles(files: Record<string, string | Buffer>): string {
  const root = givenFolder(files);
  for (const [index, path] of Object.keys(filesIn(root)).entries()) {
    const seconds = 1_600_000_000 + index * 86_400 + 0.25;
    utimesSync(join(root, path), seconds, seconds);
  }
  return root;
}

function givenWorkspace(): string {
  const root = givenFiles({
    'notes.md': '# Notes\n',
    empty: '',
    'bin/run.sh': '#!/bin/sh\n',
    'private/key': 'secret',
    'memory/2026/11.md': 'remember',
    'odd/é\n\u001b[31m".txt': 'odd',
    large: randomBytes(9 * MB + 17),
  });
  chmodSync(join(root, 'bin/run.sh'), 0o755);
  chmodSync(join(root, 'private/key'), 0o600);
  return root;
}

function locationOf(root: string): Parameters<typeof packLeg>[0]['locations'] {
  return [{ name: 'workspace', source: folderSource(root), roots: [''] }];
}

/** A snapshot with other locks than `takeSnapshot` has. */
async function givenLockedSnapshot(
  locks: { passphrase?: string; publicKey: string },
  root: string,
): Promise<MemorySnapshotStore> {
  const store = new MemorySnapshotStore();
  const encryption = await quickEncryption(locks);
  const writer = { snapshot: { agent: 'main', id: newer }, store, encryption };
  const { checkpoint } = await packLeg(
    {
      writer,
      leg: 1,
      locations: locationOf(root),
      excluded: () => false,
      timeUp: () => false,
      onSegment: () => Promise.resolve(),
    },
    {
      id: newer,
      createdAt: '2026-11-21T03:00:00.000Z',
      scope: '',
      keys: encryption.keys,
      missing: [],
      segments: [],
      packed: false,
      position: {},
      findings: new Findings().record(),
      slot: 'a',
      fingerprints: [],
    },
  );
  await commit(writer, checkpoint, {
    agent: 'main',
    producer: { name: 'test', version: '0', node: '24' },
    source: 'efs',
    include: ['workspace'],
    exclude: [],
    previous: null,
    finishedAt: '2026-11-21T03:01:00.000Z',
  });
  return store;
}

function givenKeyPair(password?: string): { publicKey: string; privateKey: string } {
  const cipher = password === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: password };
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', ...cipher },
  });
}

/** Nothing was left behind: not the target, and nothing that was to become it. */
function expectNothingIn(folder: string, name = 'restored'): void {
  expect(readdirSync(folder).filter((entry) => entry.startsWith(name))).toEqual([]);
}

describe('the recovery kit, with an encrypted snapshot of several legs and segments', () => {
  let workspace: string;
  let store: MemorySnapshotStore;

  beforeAll(async () => {
    workspace = givenWorkspace();
    const taken = await takeSnapshot({
      id: newer,
      createdAt: '2026-11-21T03:00:00.000Z',
      locations: [...locationOf(workspace)],
      limits: { bytes: 2 * MB, files: 3 },
      callsPerLeg: 3,
    });
    store = taken.store;
    expect(taken.legs).toBeGreaterThan(1);
    expect(taken.manifest.segments.length).toBeGreaterThan(3);
  });

  it('brings everything back, byte for byte, with times and modes', () => {
    const folder = givenCopy(store);

    const { code, out, err } = kit(folder, ['restore', '--to', 'restored']);

    expect({ code, err }).toEqual({
      code: 0,
      err: 'Passphrase of the snapshots: reading it from standard input.\n',
    });
    expect(out).toMatch(/^Restored 7 files, 9\.4 MB, from snapshot 20261121T030000Z-0000bbbb/);
    expect(contentsOf(join(folder, 'restored'))).toEqual(contentsOf(workspace, 'workspace/'));
    expect(readdirSync(folder).filter((name) => name.includes('incomplete'))).toEqual([]);
  });

  it('restores into an empty folder, and from a folder that is named', () => {
    const folder = givenCopy(store);
    const elsewhere = givenCopy();
    mkdirSync(join(elsewhere, 'restored'));

    const { code } = kit(elsewhere, ['restore', folder, '--to', 'restored/']);

    expect(code).toBe(0);
    expect(contentsOf(join(elsewhere, 'restored'))).toEqual(contentsOf(workspace, 'workspace/'));
  });

  it('lists without a key', () => {
    const { code, out } = kit(givenCopy(store), ['list'], '');

    expect(code).toBe(0);
    expect(out).toContain('Agent main');
    expect(out).toMatch(
      /20261121T030000Z-0000bbbb +2026-11-21 03:00:00 UTC +7 +9\.4 MB +9\.\d MB +passphrase +not verified/,
    );
  });

  it('verifies', () => {
    const { code, out } = kit(givenCopy(store), ['verify']);

    expect({ code, out }).toEqual({
      code: 0,
      out: `${newer}  good: 7 files, 9.4 MB, all of it read and compared\n`,
    });
  });

  it('shows what would come, no name of which can command the terminal, and writes nothing', () => {
    const folder = givenCopy(store);

    const { code, out } = kit(folder, ['restore', '--to', 'restored', '--dry-run']);

    expect(code).toBe(0);
    expect(out).toMatch(/^ +8 {2}workspace\/notes\.md$/m);
    expect(out).toContain('workspace/odd/é\\n\\u001b[31m".txt\n');
    expect(out).toContain('7 files, 9.4 MB, would come');
    expectNothingIn(folder);
  });

  it.each([
    [['--path', 'notes.md'], ['workspace/notes.md']],
    [['--path', 'memory'], ['workspace/memory/2026/11.md']],
    [
      ['--path', '**.sh', '--path', 'workspace/private'],
      ['workspace/bin/run.sh', 'workspace/private/key'],
    ],
  ])('restores a part: %j', (paths, expected) => {
    const folder = givenCopy(store);

    const { code } = kit(folder, ['restore', '--to', 'restored', ...paths]);

    expect(code).toBe(0);
    expect(Object.keys(filesIn(join(folder, 'restored'))).sort()).toEqual(expected);
  });

  it('says so where a path matches nothing', () => {
    const folder = givenCopy(store);

    const { code, err } = kit(folder, ['restore', '--to', 'restored', '--path', 'nowhere']);

    expect(code).toBe(2);
    expect(err).toContain('matches "nowhere"');
    expectNothingIn(folder);
  });

  it('takes the passphrase from a file, with the line end of an editor', () => {
    const folder = givenCopy(store);
    writeFileSync(join(folder, 'secret.txt'), `\ufeff${passphrase}\r\n`);

    expect(kit(folder, ['verify', '--passphrase-file', 'secret.txt'], '').code).toBe(0);
    expect(kit(folder, ['verify', '--passphrase-file', '-'], passphrase).code).toBe(0);
    expect(kit(folder, ['verify', '--passphrase-file', 'not-there'], '').code).toBe(3);
  });

  // Other systems have another `script`.
  it.runIf(process.platform === 'linux')('asks for the passphrase on a terminal, unseen', () => {
    const folder = givenCopy(store);
    const command = `'${process.execPath}' ${kitName} restore --to restored`;

    const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      env,
      input: `${passphrase.slice(0, 5)}x\u007f${passphrase.slice(5)}\r`,
      encoding: 'utf8',
    });

    expect(status).toBe(0);
    expect(stdout).toContain('Passphrase of the snapshots (it is not shown): ');
    // What arrives before the program has switched the echo off is shown by the terminal itself.
    expect(stdout.split('it is not shown')[1]).not.toContain('horse');
    expect(Object.keys(filesIn(join(folder, 'restored')))).toHaveLength(7);
  });

  it.each(['wrong horse battery staple', ''])('refuses the passphrase %j at once', (wrong) => {
    const folder = givenCopy(store);
    const began = performance.now();

    const { code, err, out } = kit(folder, ['restore', '--to', 'restored'], wrong);

    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/does not open this snapshot|is empty/);
    expect(performance.now() - began).toBeLessThan(10_000);
    expectNothingIn(folder);
    expect(kit(folder, ['verify'], wrong).code).toBe(3);
  });

  it('never takes the passphrase as an argument, and does not repeat it', () => {
    const { code, err } = kit(givenCopy(store), ['verify', '--passphrase', 'hunter2hunter2']);

    expect(code).toBe(2);
    expect(err).toContain('never an argument');
    expect(err).not.toContain('hunter2');
  });

  it('leaves no folder where one bit is flipped, anywhere', () => {
    const names = [...store.objects.keys()].filter((one) => /-0000[15]/.test(one));
    expect(names.length).toBe(4);
    for (const name of names) {
      const folder = givenCopy(store);
      const bytes = Buffer.from(readFileSync(join(folder, name)));
      const at = Math.floor(bytes.length * 0.9);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(join(folder, name), bytes);

      const { code, err } = kit(folder, ['restore', '--to', 'restored']);

      expect({ name, code }).toEqual({ name, code: 1 });
      expect(err).toMatch(/damaged|not what was written/);
      expectNothingIn(folder);
    }
  });

  it('does not believe a manifest that was changed', () => {
    const folder = givenCopy(store);
    const file = join(folder, manifestName(newer));
    writeFileSync(file, readFileSync(file, 'utf8').replace('"include": [', '"include": [ "x",'));

    const { code, err } = kit(folder, ['restore', '--to', 'restored']);

    expect(code).toBe(1);
    expect(err).toContain('changed after it was sealed');
    expectNothingIn(folder);
  });

  it.each(['missing', 'cut'])('refuses a snapshot of which a segment is %s', (how) => {
    const folder = givenCopy(store);
    const name = [...store.objects.keys()].find((one) => one.includes('-00002.tar')) ?? '';
    if (how === 'missing') rmSync(join(folder, name));
    else truncateSync(join(folder, name), 1_000);

    const { code, err } = kit(folder, ['restore', '--to', 'restored']);

    expect(code).toBe(1);
    expect(err).toContain(name);
    expectNothingIn(folder);
    expect(kit(folder, ['list']).out).toContain(`DAMAGED ${newer}: ${name}`);
    expect(kit(folder, ['verify']).code).toBe(1);
  });

  it('refuses a target that is not empty or no folder, and touches nothing in it', () => {
    const folder = givenCopy(store);
    mkdirSync(join(folder, 'restored'));
    writeFileSync(join(folder, 'restored', 'mine.txt'), 'mine');

    expect(kit(folder, ['restore', '--to', 'restored'])).toMatchObject({ code: 2 });
    expect(kit(folder, ['restore', '--to', '.'])).toMatchObject({ code: 2 });
    expect(kit(folder, ['restore', '--to', 'restored/mine.txt'])).toMatchObject({ code: 2 });
    expect(filesIn(join(folder, 'restored'))).toEqual({ 'mine.txt': Buffer.from('mine') });
  });

  it('says what may be typed', () => {
    const folder = givenCopy(store);

    expect(kit(folder, ['--help'])).toMatchObject({ code: 0, err: '' });
    expect(kit(folder, ['--version'])).toMatchObject({ code: 0, out: '0.1.0\n' });
    expect(kit(folder, [])).toMatchObject({ code: 2 });
    expect(kit(folder, ['prune']).err).toContain('has to be list, verify or restore');
    expect(kit(folder, ['list', '--to', 'x']).err).toContain('--to means nothing to list');
    expect(kit(folder, ['list', '--colour']).err).toContain('The options are --to');
    expect(kit(folder, ['restore']).err).toContain('give --to NEW_FOLDER');
    expect(kit(folder, ['restore', '.', 'out', '--to', 'x']).err).toContain(
      'one argument too many',
    );
    expect(kit(folder, ['list', 'nowhere']).err).toContain('is not a folder');
    expect(kit(folder, ['restore', '--to', 'x', '--path', '{a']).code).toBe(2);
    expect(kit(folder, ['restore', '--to', 'x', '--snapshot', older])).toMatchObject({ code: 2 });
    expect(kit(folder, ['restore', '--to', 'x', '--snapshot', older]).err).toContain(newer);
  });

  it('tells who has an older Node so, before anything else can fail', () => {
    const folder = givenCopy(store);
    // What the versions before 22.15 lack is taken away with the number.
    const pretend = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.14.0' } });
      delete require('node:zlib').zstdDecompress;
      require('node:module').syncBuiltinESMExports();`;
    writeFileSync(join(folder, 'older.cjs'), pretend);

    const { status, stderr } = spawnSync(
      process.execPath,
      ['--require', './older.cjs', kitName, 'list'],
      { cwd: folder, env, encoding: 'utf8' },
    );

    expect(status).toBe(2);
    expect(stderr).toMatch(/^This is Node 22\.14\.0, and the recovery kit needs Node 22\.15/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('finds the snapshots of a whole bucket', () => {
    const folder = givenCopy();
    const agent = join(folder, 'snapshots', 'main');
    mkdirSync(agent, { recursive: true });
    for (const [name, { bytes }] of store.objects) writeFileSync(join(agent, name), bytes);

    const { code, err } = kit(folder, ['list']);

    expect(code).toBe(2);
    expect(err).toContain(agent);
  });
});

describe('the recovery kit, stopped half-way', () => {
  let folder: string;

  beforeAll(async () => {
    const piece = randomBytes(32 * MB);
    const root = givenFolder({ a: piece, b: piece, c: piece, d: piece, e: piece, f: piece });
    const { store } = await takeSnapshot({ id: newer, locations: [...locationOf(root)] });
    rmSync(root, { recursive: true });
    folder = givenCopy(store);
  });

  /** Starts a restore and holds it still once something of it is on disk. */
  async function givenHalfRestored(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [kitName, 'restore', '--to', 'restored'], {
      cwd: folder,
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.end(passphrase);
    while (!unfinished().some((name) => existsSync(join(folder, name, 'workspace', 'b')))) {
      if (child.exitCode !== null) throw new Error('The restore was over before it was stopped.');
      await sleep(2);
    }
    child.kill('SIGSTOP');
    return child;
  }

  function unfinished(): string[] {
    return readdirSync(folder).filter((name) => name.startsWith('restored.incomplete-'));
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 130],
  ] as const)('removes what it has written on %s', async (signal, expected) => {
    const child = await givenHalfRestored();

    child.kill(signal);
    child.kill('SIGCONT');
    const [code] = (await once(child, 'exit')) as [number];

    expect(code).toBe(expected);
    expectNothingIn(folder);
  });

  it('leaves the name of the target free when it is killed', async () => {
    const child = await givenHalfRestored();

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(existsSync(join(folder, 'restored'))).toBe(false);
    expect(unfinished()).toHaveLength(1);
    const { code } = kit(folder, ['restore', '--to', 'restored']);
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'restored', 'workspace'))).toHaveLength(6);
  });
});

describe('the recovery kit, with other snapshots', () => {
  it.each([undefined, 'pass phrase of the key'])(
    'opens what only an RSA key opens (its own pass phrase: %j)',
    async (password) => {
      const { publicKey, privateKey } = givenKeyPair(password);
      const root = givenFiles({ a: 'a' });
      const folder = givenCopy(await givenLockedSnapshot({ publicKey }, root));
      writeFileSync(join(folder, 'key.pem'), privateKey);
      writeFileSync(join(folder, 'other.pem'), givenKeyPair().privateKey);
      const withKey = ['--to', 'restored', '--private-key'];

      expect(kit(folder, ['restore', '--to', 'restored']).err).toContain('--private-key FILE');
      expect(kit(folder, ['restore', ...withKey, 'other.pem'])).toMatchObject({ code: 3 });
      expect(kit(folder, ['restore', ...withKey, kitName])).toMatchObject({ code: 3 });
      expect(kit(folder, ['verify'])).toMatchObject({ code: 3 });
      expectNothingIn(folder);
      const { code } = kit(folder, ['restore', ...withKey, 'key.pem'], password ?? '');
      expect(code).toBe(0);
      expect(contentsOf(join(folder, 'restored'))).toEqual(contentsOf(root, 'workspace/'));
    },
  );

  it('restores without encryption, and says what that means', async () => {
    const root = givenFiles({ a: 'a', 'b/c': randomBytes(3 * MB) });
    const { store } = await takeSnapshot({ encrypt: false, locations: [...locationOf(root)] });
    const folder = givenCopy(store);

    const { code, out, err } = kit(folder, ['restore', '--to', 'restored'], '');

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Note: The snapshot is not encrypted');
    expect(contentsOf(join(folder, 'restored'))).toEqual(contentsOf(root, 'workspace/'));
    expect(kit(folder, ['verify'], '').out).toContain('nothing proves who wrote it');
  });

  it('keeps two agents apart', async () => {
    const store = new MemorySnapshotStore();
    await takeSnapshot({ store, agent: 'ann', id: older, files: { ann: 'ann' } });
    await takeSnapshot({ store, agent: 'bob', id: newer, files: { bob: 'bob' } });
    const folder = givenCopy(store);

    const listed = kit(folder, ['list']);
    const unclear = kit(folder, ['restore', '--to', 'restored']);
    const unknown = kit(folder, ['restore', '--to', 'restored', '--agent', 'eve']);
    const clear = kit(folder, ['restore', '--to', 'restored', '--agent', 'ann']);
    const named = kit(folder, ['restore', '--to', 'restored-too', '--snapshot', newer]);

    expect(listed.out).toMatch(/Agent ann[^]+0000aaaa[^]+Agent bob[^]+0000bbbb/);
    expect(kit(folder, ['list', '--agent', 'ann']).out).not.toContain('bob');
    expect(unclear).toMatchObject({ code: 2 });
    expect(unclear.err).toContain('ann, bob. Say which one with --agent NAME');
    expect(unknown).toMatchObject({ code: 2 });
    expect([clear.code, named.code]).toEqual([0, 0]);
    expect(Object.keys(filesIn(join(folder, 'restored')))).toEqual(['workspace/ann']);
    expect(Object.keys(filesIn(join(folder, 'restored-too')))).toEqual(['workspace/bob']);
  });

  it('does not take a snapshot without encryption for the newest of encrypted ones', async () => {
    const store = new MemorySnapshotStore();
    await takeSnapshot({
      store,
      id: older,
      files: { mine: 'mine' },
      createdAt: '2026-11-20T03:00:00.000Z',
    });
    await takeSnapshot({ store, id: newer, files: { planted: 'planted' }, encrypt: false });
    const folder = givenCopy(store);

    const { code, out } = kit(folder, ['restore', '--to', 'restored']);

    expect(code).toBe(0);
    expect(Object.keys(filesIn(join(folder, 'restored')))).toEqual(['workspace/mine']);
    expect(out).toContain(`Note: Snapshot ${newer} was passed over`);
  });

  it('takes the newest good one, and says that a newer one is damaged', async () => {
    const store = new MemorySnapshotStore();
    await takeSnapshot({ store, id: older, files: { good: 'good' } });
    await takeSnapshot({ store, id: newer, files: { bad: 'bad' } });
    const folder = givenCopy(store);
    writeFileSync(join(folder, manifestName(newer)), '{}');
    writeFileSync(join(folder, 'backup-of-my-taxes.pdf'), 'not ours');

    const { code, out } = kit(folder, ['restore', '--to', 'restored']);

    expect(code).toBe(0);
    expect(Object.keys(filesIn(join(folder, 'restored')))).toEqual(['workspace/good']);
    expect(out).toContain(`Note: Snapshot ${newer} is newer, and damaged`);
  });

  it('names files that changed and databases that were in use', async () => {
    const database = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4_080)]);
    const { store } = await takeSnapshot({
      files: { 'memory.db': database, 'memory.db-wal': 'log', fine: 'fine' },
    });
    const folder = givenCopy(store);

    const { out } = kit(folder, ['restore', '--to', 'restored']);

    expect(out).toMatch(
      /Note: 1 database was in use during the backup[^\n]*workspace\/memory\.db\./,
    );
  });

  it('gives names that Windows cannot hold other names, and says which', async () => {
    const names = ['fine.txt', 'a:b.txt', 'a?b.txt', 'con.log', 'x\\y', 'dir./end ', 'C:'];
    const files = Object.fromEntries(names.map((name) => [name, name]));
    const folder = givenCopy((await takeSnapshot({ files })).store);
    const pretend = "Object.defineProperty(process, 'platform', { value: 'win32' });";
    writeFileSync(join(folder, 'windows.cjs'), pretend);

    const { status, stdout } = spawnSync(
      process.execPath,
      ['--require', './windows.cjs', kitName, 'restore', '--to', 'restored'],
      { cwd: folder, env, input: passphrase, encoding: 'utf8' },
    );

    const restored = filesIn(join(folder, 'restored', 'workspace'));
    expect(status).toBe(0);
    expect(Object.values(restored).map(String).sort()).toEqual([...names].sort());
    expect(Object.keys(restored).filter((name) => /[:?\\]|[. ](?:\/|$)|^con\./.test(name))).toEqual(
      [],
    );
    expect(restored['fine.txt']?.toString()).toBe('fine.txt');
    expect(stdout).toContain(
      'Note: This system cannot hold 6 names as stored: workspace/C: is now',
    );
    expect(kit(folder, ['restore', '--to', 'as-it-was']).code).toBe(0);
    expect(Object.keys(filesIn(join(folder, 'as-it-was', 'workspace'))).sort()).toEqual(
      [...names].sort(),
    );
  });

  it('writes nothing of a snapshot that would leave its folder', async () => {
    const { store, manifest } = await takeSnapshot({ files: { 'ab/evil': 'x' }, encrypt: false });
    const folder = givenCopy(forged(store, manifest));

    const { code, err } = kit(folder, ['restore', '--to', 'restored']);

    expect(code).toBe(1);
    expect(err).toContain('must not be restored');
    expectNothingIn(folder);
  });

  /** The list of files says that the file is to lie outside. */
  function forged(store: MemorySnapshotStore, manifest: Manifest): MemorySnapshotStore {
    const [segment] = manifest.segments;
    if (!segment) throw new Error('The snapshot has no segment.');
    const line = formatEntry({ path: '../evil', size: 1, modified: 0, at: [1, 0] });
    const bytes = execFileSync('zstd', ['-q', '--content-size', `--stream-size=${line.length}`], {
      input: line,
    });
    segment.files = { ...segment.files, bytes: bytes.length, sha256: hash('sha256', bytes) };
    store.objects.set(segment.files.name, { bytes, modified: 0 });
    const text = formatManifest(manifestText(manifest), undefined);
    store.objects.set(manifestName(manifest.id), { bytes: Buffer.from(text), modified: 0 });
    return store;
  }
});

describe('the recovery kit, with an archive of the original plugin', () => {
  const id = '20251121T030000Z';
  let workspace: string;

  beforeAll(() => {
    workspace = givenWorkspace();
  });

  /** Made with the commands that the plugin runs. */
  function givenPluginArchive(encrypted: boolean): string {
    const folder = givenCopy();
    const tar = `tar czf - -C '${workspace}' .`;
    const openssl = `openssl enc -aes-256-cbc -salt -pbkdf2 -iter 100000 -pass 'pass:${passphrase}'`;
    const name = `backup-${id}.tar.gz`;
    const command = encrypted ? `${tar} | ${openssl} > ${name}.enc` : `${tar} > ${name}`;
    execFileSync('sh', ['-c', command], { cwd: folder });
    return folder;
  }

  it.each([true, false])('lists, verifies and restores it (encrypted: %j)', (encrypted) => {
    const folder = givenPluginArchive(encrypted);

    const listed = kit(folder, ['list']);
    const verified = kit(folder, ['verify']);
    const { code } = kit(folder, ['restore', '--to', 'restored']);

    expect(listed.out).toContain('Snapshots of the original plugin');
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.out).toContain('the plugin kept no hashes');
    expect(code).toBe(0);
    expect(wholeSeconds(join(folder, 'restored'))).toEqual(wholeSeconds(workspace));
  });

  /** Its archives keep no parts of a second. */
  function wholeSeconds(root: string): Record<string, unknown> {
    return JSON.parse(
      JSON.stringify(contentsOf(root)).replace(/("time":\d+)\d{3}/g, '$1'),
    ) as Record<string, unknown>;
  }

  it('restores a part of it', () => {
    const folder = givenPluginArchive(true);

    const { code } = kit(folder, ['restore', '--to', 'restored', '--path', 'memory']);

    expect(code).toBe(0);
    expect(Object.keys(filesIn(join(folder, 'restored')))).toEqual(['memory/2026/11.md']);
  });

  it('refuses a wrong passphrase, and an archive that is cut off', () => {
    const folder = givenPluginArchive(true);
    const file = join(folder, `backup-${id}.tar.gz.enc`);

    expect(kit(folder, ['restore', '--to', 'restored'], 'wrong one').code).toBe(3);
    truncateSync(file, Math.floor(statSync(file).size / 32) * 16);
    expect(kit(folder, ['restore', '--to', 'restored']).code).toBe(1);
    expect(kit(folder, ['verify']).code).toBe(1);
    expectNothingIn(folder);
  });
});

describe('the page beside the kit', () => {
  it('has only commands that work as they stand', async () => {
    const { publicKey, privateKey } = givenKeyPair();
    const root = givenFiles({ 'notes.md': 'notes', 'memory/a.md': 'a', other: 'other' });
    const store = await givenLockedSnapshot({ passphrase, publicKey }, root);
    const bucket = givenCopy(store);
    const here = mkdtempSync(join(base, 'person-'));
    const bin = givenPrograms(bucket);
    const secret = join(here, 'secret.txt');
    const key = join(here, 'key.pem');
    writeFileSync(secret, passphrase);
    writeFileSync(key, privateKey);

    const commands = commandsOf(page);
    let folder = here;
    for (const command of commands) {
      if (command.startsWith('cd ')) folder = join(folder, command.slice(3));
      const file = command.includes('--private-key') ? key : secret;
      const typed = command
        .replace('REMOTE:FOLDER', bucket)
        .replace('FILE', file)
        .replace('--snapshot ID', `--snapshot ${newer}`)
        .replace('NAME', 'main');
      const { status, stderr } = spawnSync('sh', ['-c', typed], {
        cwd: command.startsWith('cd ') ? dirname(folder) : folder,
        env: { PATH: `${bin}:${env.PATH}`, HOME: here },
        input: passphrase,
        encoding: 'utf8',
      });
      expect({ command, status, stderr: status === 0 ? '' : stderr }).toEqual({
        command,
        status: 0,
        stderr: '',
      });
    }

    expect(commands.map((command) => command.split(' ')[0])).toEqual([
      ...['aws', 'rclone', 'cd'],
      ...Array<string>(commands.length - 3).fill('node'),
    ]);
    const all = contentsOf(root, 'workspace/');
    for (const name of ['', '-older', '-agent', '-by-file', '-by-key']) {
      expect(contentsOf(join(here, `restored${name}`))).toEqual(all);
    }
    expect(Object.keys(filesIn(join(here, 'restored-some'))).sort()).toEqual([
      'workspace/memory/a.md',
      'workspace/notes.md',
    ]);
    expect(existsSync(join(here, 'restored-later'))).toBe(false);
  });

  /** Lines that are set apart, as somebody copies them. */
  function commandsOf(text: string): string[] {
    return [...text.matchAll(/^ {4}(\S.*)$/gm)].map((match) => match[1] ?? '');
  }

  /** The real rclone and Node, and an `aws` that knows this one command and no other. */
  function givenPrograms(bucket: string): string {
    const bin = mkdtempSync(join(base, 'bin-'));
    const aws = `#!/bin/sh
[ "$*" = "s3 cp --recursive s3://BUCKET/FOLDER snapshots" ] || exit 64
mkdir -p snapshots && cp '${bucket}'/* snapshots/
`;
    writeFileSync(join(bin, 'aws'), aws, { mode: 0o755 });
    const rclone = `#!/bin/sh\nexec '${rcloneBinary()}' "$@"\n`;
    writeFileSync(join(bin, 'rclone'), rclone, { mode: 0o755 });
    writeFileSync(join(bin, 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, {
      mode: 0o755,
    });
    return bin;
  }

  it('names the kit beside it, and fits into a terminal', () => {
    expect(page).toContain(kitName);
    expect(page).not.toContain('{{');
    expect(page.split('\n').filter((line) => !line.startsWith('    ') && line.length > 92)).toEqual(
      [],
    );
  });
});

describe('docs/decrypt-snapshot.mjs', () => {
  const script = join(import.meta.dirname, '../../docs/decrypt-snapshot.mjs');

  function decrypted(store: MemorySnapshotStore, names: string[], secret: string): Buffer {
    const folder = givenCopy(store);
    const pieces = names.map((name) =>
      execFileSync(process.execPath, [script, manifestName(newer), name], {
        cwd: folder,
        env,
        input: secret,
        stdio: ['pipe', 'pipe', 'ignore'],
        maxBuffer: 64 * MB,
      }),
    );
    return Buffer.concat(pieces);
  }

  it('makes the archive of the segments, without our code', async () => {
    const files = { 'notes.md': 'notes', a: randomBytes(9 * MB), z: 'z' };
    const root = givenFiles(files);
    const { store, manifest } = await takeSnapshot({
      id: newer,
      locations: [...locationOf(root)],
      limits: { bytes: 10 * MB, files: 2 },
    });
    const names = manifest.segments.map(({ archive }) => archive.name);
    expect(names.length).toBeGreaterThan(1);

    const archive = decrypted(store, names, `${passphrase}\n`);

    const listed = execFileSync('tar', ['-t'], { input: archive }).toString().trim().split('\n');
    expect(listed.sort()).toEqual(['workspace/a', 'workspace/notes.md', 'workspace/z']);
    const out = givenFolder({});
    execFileSync('tar', ['-x', '-C', out], { input: archive });
    // The archive has whole seconds; the list of files has the rest.
    const before = contentsOf(root, 'workspace/') as Record<string, { time: number }>;
    const stored = Object.entries(before).map(
      ([path, facts]) =>
        [path, { ...facts, time: Math.floor(facts.time / 1_000) * 1_000 }] as const,
    );
    expect(contentsOf(out)).toEqual(Object.fromEntries(stored));
    expect(() => decrypted(store, names.slice(0, 1), 'another passphrase')).toThrow();
  });
});
