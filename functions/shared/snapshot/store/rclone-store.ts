import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { epochOf } from '../../clock.ts';
import { isMissingFolder, parseListing, type ListedFile } from '../../rclone/listing.ts';
import { folderRemote, type Remote } from '../../rclone/remote.ts';
import { RcloneError, type RcloneResult, type RcloneSession } from '../../rclone/session.ts';
import { ObjectExistsError, ObjectIncompleteError, ObjectMissingError } from './errors.ts';
import { smallObjectLimit } from './small.ts';
import type { ByteRange, Removal, SnapshotStore } from './store.ts';

export interface RcloneStoreOptions {
  /** Not closed with the store. */
  session: RcloneSession;
  remote: Remote;
  /** What it is, for people. */
  description: string;
}

/**
 * A folder of an rclone remote.
 *
 * Remotes know no conditional write: the name is looked up before, and two writers of one name at one
 * moment would both go on. Names of snapshots carry a random part for that reason. Some remotes show
 * a part of an object while it is written, and keep it where the process is killed before it can
 * clean up. Remotes that cannot take streams (OneDrive is one) make rclone keep the whole object in
 * the temporary folder first.
 */
export function rcloneStore(options: RcloneStoreOptions): SnapshotStore {
  return new RcloneStore(options);
}

class RcloneStore implements SnapshotStore {
  readonly description: string;
  readonly #session: RcloneSession;
  readonly #remote: Remote;

  constructor({ session, remote, description }: RcloneStoreOptions) {
    this.description = description;
    this.#session = session;
    this.#remote = remote;
  }

  async list() {
    return (await this.#list()).map(({ path, size, modified }) => ({
      name: path,
      size,
      modified: epochOf(modified),
    }));
  }

  async *read(name: string, range?: ByteRange): AsyncGenerator<Buffer> {
    const found = await this.#find(name);
    if (!found) throw new ObjectMissingError(name, this.description);
    const { offset, length } = range ?? { offset: 0, length: found.size };
    const expected = Math.max(0, Math.min(length, found.size - offset));
    if (expected === 0) return;
    let actual = 0;
    const part = range ? { offset, length: expected } : undefined;
    for await (const chunk of this.#session.read(this.#at(name), part)) {
      actual += chunk.length;
      yield chunk;
    }
    this.#requireSize(name, expected, actual);
  }

  async readSmall(names: readonly string[]): Promise<Map<string, Buffer>> {
    if (names.length === 0) return new Map();
    const wanted = new Set(names);
    const small = (await this.#list()).filter(
      ({ path, size }) => wanted.has(path) && size <= smallObjectLimit,
    );
    if (small.length === 0) return new Map();
    const folder = await mkdtemp(join(this.#session.folder, 'small-'));
    try {
      return await this.#fetch(small, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    if (await this.#find(name)) throw new ObjectExistsError(name, this.description);
    let sent = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        sent += chunk.length;
        yield chunk;
      }
    };
    try {
      await this.#session.write(this.#at(name), counted());
      const written = await this.#find(name);
      if (!written) throw new ObjectMissingError(name, this.description);
      this.#requireSize(name, sent, written.size);
    } catch (error) {
      // The first error is the one to hear of; what cannot be removed has no manifest.
      await this.#session.run({ kind: 'delete-one', from: this.#at(name) }).catch(() => undefined);
      throw error;
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.write(name, once(bytes));
      return true;
    } catch (error) {
      if (error instanceof ObjectExistsError) return false;
      throw error;
    }
  }

  async remove(names: readonly string[]): Promise<Map<string, Removal>> {
    if (names.length === 0) return new Map();
    const result = await this.#session.run({
      kind: 'delete-named',
      from: this.#at(''),
      files: [...names],
    });
    if (result.outcome === 'done' || isMissingFolder(result)) {
      return new Map(names.map((name) => [name, 'removed']));
    }
    return this.#removals(names, result);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #at(path: string) {
    return { remote: this.#remote, path };
  }

  async #list(): Promise<ListedFile[]> {
    const result = await this.#session.run({ kind: 'list-files', from: this.#at('') });
    if (isMissingFolder(result)) return [];
    if (result.outcome !== 'done') {
      throw new RcloneError(`${this.description} cannot be listed`, result);
    }
    return parseListing(result.stdout).files;
  }

  /** An object of that name; remotes without folders answer for any name with a folder. */
  async #find(name: string): Promise<ListedFile | undefined> {
    const result = await this.#session.run({ kind: 'stat-one', from: this.#at(name) });
    if (result.outcome === 'not-found') return undefined;
    if (result.outcome !== 'done') {
      throw new RcloneError(`${JSON.stringify(name)} cannot be looked up`, result);
    }
    return parseListing(`[${result.stdout}]`).files[0];
  }

  /** What became of each name after a deletion that has failed in part. */
  async #removals(names: readonly string[], result: RcloneResult): Promise<Map<string, Removal>> {
    const there = new Set((await this.#list()).map(({ path }) => path));
    const reasons = new Map(result.account.errors.map(({ path, message }) => [path, message]));
    const removal = (name: string): Removal => {
      if (!there.has(name)) return 'removed';
      return { failed: reasons.get(name) ?? new RcloneError('Not removed', result).message };
    };
    return new Map(names.map((name) => [name, removal(name)]));
  }

  async #fetch(files: ListedFile[], folder: string): Promise<Map<string, Buffer>> {
    const result = await this.#session.run({
      kind: 'copy-named',
      from: this.#at(''),
      to: { remote: folderRemote('small', folder), path: '' },
      files: files.map(({ path }) => path),
      compare: 'keep',
    });
    if (result.outcome !== 'done') {
      throw new RcloneError(`${this.description} cannot be read`, result);
    }
    const fetched = new Map<string, Buffer>();
    for (const { path } of files) {
      const bytes = await readFile(join(folder, path)).catch(ignoreMissing);
      if (bytes) fetched.set(path, bytes);
    }
    return fetched;
  }

  #requireSize(name: string, expected: number, actual: number): void {
    if (actual === expected) return;
    throw new ObjectIncompleteError(name, this.description, { expected, actual });
  }
}

/** Deleted since it was listed. */
function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
