import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileEntry } from '../../../functions/shared/snapshot/file-list.ts';
import { incomplete, warningsOf } from '../../../functions/shared/snapshot/pack/findings.ts';
import type { LocationName } from '../../../functions/shared/snapshot/pack/items.ts';
import type { Location } from '../../../functions/shared/snapshot/pack/location.ts';
import { folderSource } from '../../../functions/shared/snapshot/source/folder-source.ts';
import type { Source } from '../../../functions/shared/snapshot/source/source.ts';
import { RestlessSource } from '../../fixtures/snapshot-source.ts';
import {
  filesIn,
  givenFolder,
  restoreAll,
  takeSnapshot,
  verifyAll,
  type GivenBackup,
  type TakenSnapshot,
} from './given.ts';

const mebibyte = 1024 * 1024;
const large = 6 * mebibyte;

function at(source: Source, name: LocationName = 'workspace'): Location[] {
  return [{ name, source, roots: [''] }];
}

interface Outcome {
  snapshot: TakenSnapshot;
  entries: Map<string, FileEntry>;
  restored: Record<string, Buffer>;
}

/** Takes a snapshot, which has to be whole whatever happened, and brings it back. */
async function snapshotOf(source: Source, more: GivenBackup = {}): Promise<Outcome> {
  const snapshot = await takeSnapshot({ locations: at(source), encrypt: false, ...more });
  const reader = await snapshot.open();
  await verifyAll(reader);
  const entries = new Map<string, FileEntry>();
  for await (const entry of reader.files()) entries.set(entry.path, entry);
  const folder = join(givenFolder({}), 'restored');
  await restoreAll(reader, folder);
  return { snapshot, entries, restored: filesIn(folder) };
}

function stateOf({ snapshot }: Outcome): 'partial' | 'succeeded' {
  return incomplete(snapshot.checkpoint.findings).length > 0 ? 'partial' : 'succeeded';
}

/** Something that happens once, when a file is read as far as that. */
function whenRead(path: string, offset: number, then: () => void): RestlessSource['meddle'] {
  let done = false;
  return (read, position) => {
    if (done || read !== path || position < offset) return;
    done = true;
    then();
  };
}

describe('a small file', () => {
  it('that is written to while it is read is read again, and is then whole', async () => {
    const source = new RestlessSource({ a: 'a', b: 'old', c: 'c' });
    source.meddle = whenRead('b', 3, () => {
      source.put('b', 'new one');
    });

    const outcome = await snapshotOf(source);

    expect(outcome.restored['workspace/b']?.toString()).toBe('new one');
    expect(outcome.entries.get('workspace/b')?.flags).toBeUndefined();
    expect(stateOf(outcome)).toBe('succeeded');
  });

  it('that is always being written to is stored, flagged, and said', async () => {
    const source = new RestlessSource({ a: 'a', log: 'line\n', z: 'z' });
    source.meddle = (path) => {
      if (path === 'log') source.put('log', 'line\n'.repeat(source.reads.length));
    };

    const outcome = await snapshotOf(source);

    expect(outcome.entries.get('workspace/log')?.flags).toEqual(['changed']);
    expect(warningsOf(outcome.snapshot.checkpoint.findings).join()).toContain(
      '"workspace/log" was written to',
    );
    expect(stateOf(outcome)).toBe('succeeded');
    expect(Object.keys(outcome.restored)).toHaveLength(3);
  });

  it.each([
    [
      'vanishes',
      (source: RestlessSource) => {
        source.remove('b');
      },
      'succeeded',
      'vanished',
    ],
    [
      'becomes unreadable',
      (source: RestlessSource) => {
        source.lock('b');
      },
      'partial',
      'unreadable',
    ],
  ] as const)('that %s is left out, and no other', async (_, happen, state, kind) => {
    const source = new RestlessSource({ a: 'a', b: 'b', c: 'c' });
    source.meddle = whenRead('b', 0, () => {
      happen(source);
    });

    const outcome = await snapshotOf(source);

    expect(Object.keys(outcome.restored)).toEqual(['workspace/a', 'workspace/c']);
    expect(stateOf(outcome)).toBe(state);
    expect(outcome.snapshot.manifest.warnings).toEqual({ [kind]: 1 });
  });

  it('that has become a large one since it was listed is stored whole', async () => {
    const source = new RestlessSource({ a: 'a', b: 'b', c: 'c' });
    source.meddle = whenRead('b', 0, () => {
      source.put('b', Buffer.alloc(20 * mebibyte, 'b'));
    });

    const outcome = await snapshotOf(source);

    expect(outcome.restored['workspace/b']?.equals(Buffer.alloc(20 * mebibyte, 'b'))).toBe(true);
  });
});

describe('a large file', () => {
  it('that grows while it is read is stored as long as it was, and flagged', async () => {
    const source = new RestlessSource({ a: 'a', big: Buffer.alloc(large, 1), c: 'c' });
    source.meddle = whenRead('big', large / 2, () => {
      source.put('big', Buffer.alloc(2 * large, 2));
    });

    const outcome = await snapshotOf(source);

    expect(outcome.restored['workspace/big']?.length).toBe(large);
    expect(outcome.entries.get('workspace/big')?.flags).toEqual(['changed']);
    expect(outcome.snapshot.manifest.warnings).toEqual({ changed: 1 });
    expect(stateOf(outcome)).toBe('succeeded');
  });

  it.each([
    [
      'shrinks',
      (source: RestlessSource) => {
        source.put('big', Buffer.alloc(large / 4, 2));
      },
    ],
    [
      'vanishes',
      (source: RestlessSource) => {
        source.remove('big');
      },
    ],
    [
      'becomes unreadable',
      (source: RestlessSource) => {
        source.lock('big');
      },
    ],
  ])('that %s is filled up with zeros, flagged, and makes the run partial', async (_, happen) => {
    const source = new RestlessSource({ a: 'a', big: Buffer.alloc(large, 1), c: 'c' });
    source.meddle = whenRead('big', large / 2, () => {
      happen(source);
    });

    const outcome = await snapshotOf(source);

    const stored = outcome.restored['workspace/big'] ?? Buffer.alloc(0);
    expect(stored.length).toBe(large);
    expect(stored.subarray(0, large / 2).equals(Buffer.alloc(large / 2, 1))).toBe(true);
    expect(stored.subarray(-mebibyte).equals(Buffer.alloc(mebibyte))).toBe(true);
    expect(outcome.entries.get('workspace/big')?.flags).toContain('cut');
    expect(incomplete(outcome.snapshot.checkpoint.findings).map(({ path }) => path)).toEqual([
      'workspace/big',
    ]);
    expect(outcome.restored['workspace/c']?.toString()).toBe('c');
  });

  it.each([
    [
      'vanishes',
      (source: RestlessSource) => {
        source.remove('big');
      },
      'succeeded',
    ],
    [
      'becomes unreadable',
      (source: RestlessSource) => {
        source.lock('big');
      },
      'partial',
    ],
  ] as const)('that %s before it is opened is left out', async (_, happen, state) => {
    const source = new RestlessSource({ a: 'a', big: Buffer.alloc(large, 1), c: 'c' });
    source.meddle = whenRead('big', 0, () => {
      happen(source);
    });

    const outcome = await snapshotOf(source);

    expect(Object.keys(outcome.restored)).toEqual(['workspace/a', 'workspace/c']);
    expect(stateOf(outcome)).toBe(state);
  });
});

describe('a large file that a leg ended in', () => {
  it.each([
    [
      'is replaced',
      (source: RestlessSource) => {
        source.put('big', Buffer.alloc(large, 2));
      },
    ],
    [
      'is deleted',
      (source: RestlessSource) => {
        source.remove('big');
      },
    ],
    [
      'becomes unreadable',
      (source: RestlessSource) => {
        source.lock('big');
      },
    ],
  ])('and that %s before the next, is filled up with zeros and said once', async (_, happen) => {
    const source = new RestlessSource({ a: 'a', big: Buffer.alloc(large, 1), c: 'c' });

    const outcome = await snapshotOf(source, {
      cuts: [10, 3, 3],
      betweenLegs: () => {
        happen(source);
      },
    });

    expect(outcome.snapshot.legs).toBe(4);
    const stored = outcome.restored['workspace/big'] ?? Buffer.alloc(0);
    expect(stored.length).toBe(large);
    expect(stored[0]).toBe(1);
    expect(stored.includes(2)).toBe(false);
    const flags = outcome.entries.get('workspace/big')?.flags ?? [];
    expect(flags.filter((flag) => flag === 'cut')).toEqual(['cut']);
    expect(outcome.snapshot.manifest.warnings['cut']).toBe(1);
    expect(stateOf(outcome)).toBe('partial');
  });
});

describe('what a listing leaves out', () => {
  it('is said of every leg, once', async () => {
    const files = Object.fromEntries(
      ['a', 'c', 'e', 'g'].map((name) => [name, Buffer.alloc(large, name)]),
    );
    const source = new RestlessSource(files);
    // A source lists a little ahead, and each leg has one of its own: it begins to count anew.
    const list = source.files.bind(source);
    const left = ['b', 'd', 'f', 'h'];
    source.files = async function* (roots, after) {
      source.unreadable.names.length = 0;
      const seen = (upTo?: string): void => {
        const names = left.filter(
          (name) => name > (after ?? '') && (upTo === undefined || name < upTo),
        );
        source.unreadable.names.splice(0, Infinity, ...names);
        source.unreadable.count = names.length;
      };
      for await (const entry of list(roots, after)) {
        seen(String.fromCharCode(entry.path.charCodeAt(0) + 3));
        yield entry;
      }
      seen();
    };

    const outcome = await snapshotOf(source, { callsPerLeg: 12 });

    expect(outcome.snapshot.legs).toBeGreaterThan(3);
    expect(incomplete(outcome.snapshot.checkpoint.findings).map(({ path }) => path)).toEqual(
      left.map((name) => `workspace/${name}`),
    );
    expect(outcome.snapshot.manifest.warnings).toEqual({ unreadable: 4 });
  });
});

describe('a real folder', () => {
  it('with files that another process keeps rewriting stays whole in every snapshot', async () => {
    const root = givenFolder({
      'a.txt': 'a',
      'small.log': 'small',
      'large.log': Buffer.alloc(large, 'x'),
      'z.txt': 'z',
    });
    const script = `
      const fs = require('node:fs');
      for (let n = 1; ; n++) {
        fs.writeFileSync('large.log', Buffer.alloc(${large} + (n % 5 - 2) * 1e6, n % 251));
        fs.appendFileSync('small.log', 'line ' + n + '\\n');
        if (n % 7 === 0) { fs.rmSync('small.log'); fs.writeFileSync('small.log', ''); }
        if (n === 1) console.log('running');
      }`;
    const writer = spawn(process.execPath, ['-e', script], { cwd: root });
    try {
      await once(writer.stdout, 'data');
      for (let round = 0; round < 4; round++) {
        const outcome = await snapshotOf(folderSource(root), { callsPerLeg: 9 });
        expect(outcome.restored['workspace/a.txt']?.toString()).toBe('a');
        expect(outcome.restored['workspace/z.txt']?.toString()).toBe('z');
      }
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });
});
