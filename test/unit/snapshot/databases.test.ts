import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { FileEntry } from '../../../functions/shared/snapshot/file-list.ts';
import { warningsOf } from '../../../functions/shared/snapshot/pack/findings.ts';
import type { Location } from '../../../functions/shared/snapshot/pack/location.ts';
import { folderSource } from '../../../functions/shared/snapshot/source/folder-source.ts';
import type { Source } from '../../../functions/shared/snapshot/source/source.ts';
import { RestlessSource } from '../../fixtures/snapshot-source.ts';
import { givenFolder, restoreAll, takeSnapshot, verifyAll, type GivenBackup } from './given.ts';

const mebibyte = 1024 * 1024;
const beginning = Buffer.from('SQLite format 3\0', 'latin1');

function at(source: Source): Location[] {
  return [{ name: 'workspace', source, roots: [''] }];
}

async function snapshotOf(source: Source, more: GivenBackup = {}) {
  const snapshot = await takeSnapshot({ locations: at(source), encrypt: false, ...more });
  const reader = await snapshot.open();
  await verifyAll(reader);
  const entries: FileEntry[] = [];
  for await (const entry of reader.files()) entries.push(entry);
  const folder = join(givenFolder({}), 'restored');
  await restoreAll(reader, folder);
  const flags = Object.fromEntries(entries.map((entry) => [entry.path, entry.flags ?? []]));
  return { snapshot, flags, folder: join(folder, 'workspace') };
}

/** Runs statements in a process of its own. */
function sqlite(database: string, statements: string): string {
  const script = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for statement in sys.argv[2].split(';'):
    rows = connection.execute(statement).fetchall()
    if rows: print(rows[0][0])
connection.commit()`;
  return execFileSync('python3', ['-c', script, database, statements], { encoding: 'utf8' });
}

/** Writes rows in WAL mode until it is killed. */
async function givenWriter(database: string): Promise<ChildProcessByStdio<null, Readable, null>> {
  const script = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute('pragma journal_mode=wal')
connection.execute('create table if not exists rows (n integer, text text)')
n = 0
while True:
    n += 1
    connection.execute('insert into rows values (?, ?)', (n, 'x' * 2000))
    connection.commit()
    if n == 200: print('running', flush=True)`;
  const writer = spawn('python3', ['-c', script, database], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(writer.stdout, 'data');
  return writer;
}

function givenDatabase(root: string): string {
  const database = join(root, 'memory.sqlite');
  sqlite(database, 'create table rows (n integer, text text)');
  return database;
}

const integrity = 'pragma integrity_check';

describe('a database', () => {
  it('that nobody writes to is noticed, and its copy is in order', async () => {
    const root = givenFolder({ 'notes.md': 'notes' });
    const database = givenDatabase(root);
    sqlite(database, "insert into rows values (1, 'one')");

    const { snapshot, flags, folder } = await snapshotOf(folderSource(root));

    expect(flags['workspace/memory.sqlite']).toEqual(['database']);
    expect(snapshot.manifest.databases).toEqual({ found: 1, inUse: 0 });
    expect(warningsOf(snapshot.checkpoint.findings)).toEqual([]);
    expect(sqlite(join(folder, 'memory.sqlite'), integrity).trim()).toBe('ok');
    expect(sqlite(join(folder, 'memory.sqlite'), 'select count(*) from rows').trim()).toBe('1');
  });

  it('whose writer died brings its log along: what was committed is in the copy', async () => {
    const root = givenFolder({});
    const database = givenDatabase(root);
    const writer = await givenWriter(database);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(existsSync(`${database}-wal`)).toBe(true);

    const { flags, folder } = await snapshotOf(folderSource(root));

    expect(flags['workspace/memory.sqlite-wal']).toEqual(['in-use']);
    expect(sqlite(join(folder, 'memory.sqlite'), integrity).trim()).toBe('ok');
    const rows = Number(sqlite(join(folder, 'memory.sqlite'), 'select count(*) from rows'));
    expect(rows).toBeGreaterThanOrEqual(200);
  });

  it('with a writer at work is flagged in the list, the manifest and the report', async () => {
    const root = givenFolder({ 'notes.md': 'notes' });
    const database = givenDatabase(root);
    const writer = await givenWriter(database);
    try {
      const { snapshot, flags } = await snapshotOf(folderSource(root));

      expect(flags['workspace/memory.sqlite']).toContain('database');
      expect(flags['workspace/memory.sqlite-wal']).toContain('in-use');
      expect(snapshot.manifest.databases).toEqual({ found: 1, inUse: 1 });
      const [warning] = warningsOf(snapshot.checkpoint.findings).filter((text) =>
        text.includes('a database in use'),
      );
      expect(warning).toContain('"workspace/memory.sqlite"');
      expect(warning).toContain('.backup');
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });
});

describe('the sidecars of a database', () => {
  it('are read only when all of it is packed, however large it is', async () => {
    const large = Buffer.alloc(9 * mebibyte, 'd');
    beginning.copy(large);
    const source = new RestlessSource({ 'a.db': beginning, 'a.db-wal': 'log', b: 'b' });
    for (const [name, bytes] of [
      ['m.db', large],
      ['m.db-wal', 'log'],
      ['z', 'z'],
    ] as const) {
      source.put(name, bytes);
    }
    const order: string[] = [];
    source.meddle = (path, offset) => order.push(`${path} ${offset}`);

    await snapshotOf(source);

    const first = (path: string): number => order.findIndex((each) => each.startsWith(`${path} `));
    const last = (path: string): number =>
      order.findLastIndex((each) => each.startsWith(`${path} `));
    expect(first('a.db-wal')).toBeGreaterThan(last('a.db'));
    expect(first('m.db-wal')).toBeGreaterThan(last('m.db'));
    // Other files are read ahead.
    expect(first('b')).toBeLessThan(first('a.db-wal'));
  });

  it.each([
    ['a log', '-wal', 'x', 1],
    ['a journal', '-journal', 'x', 1],
    ['an empty log', '-wal', '', 0],
    ['an index of a log', '-shm', 'x', 0],
  ])('say that it is in use by %s: %s', async (_, suffix, content, inUse) => {
    const source = new RestlessSource({ 'a.db': beginning, [`a.db${suffix}`]: content });

    expect((await snapshotOf(source)).snapshot.manifest.databases).toEqual({ found: 1, inUse });
  });

  it('say nothing of a file that is no database', async () => {
    const source = new RestlessSource({ notes: 'text', 'notes-wal': 'more text' });

    const { snapshot } = await snapshotOf(source);

    expect(snapshot.manifest.databases).toEqual({ found: 0, inUse: 0 });
  });

  it('say that it is in use in the next leg, too', async () => {
    const large = Buffer.alloc(6 * mebibyte, 'd');
    beginning.copy(large);
    for (let calls = 20; calls < 34; calls++) {
      const source = new RestlessSource({ 'a.db': large, 'a.db-wal': 'log' });

      const { snapshot } = await snapshotOf(source, { cuts: [calls] });

      expect(snapshot.manifest.databases, `${calls} calls`).toEqual({ found: 1, inUse: 1 });
    }
  });
});
