import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseObjectName } from '../functions/shared/snapshot/names.ts';
import { ObjectMissingError } from '../functions/shared/snapshot/store/errors.ts';
import { readSmallObject } from '../functions/shared/snapshot/store/small.ts';
import type { SnapshotStore, StoredObject } from '../functions/shared/snapshot/store/store.ts';
import { UsageError } from './errors.ts';

const chunkBytes = 1024 * 1024;

/**
 * A copy of a snapshot store in a folder of this machine. It can only be read.
 * @param onRead told of the bytes as they are read; what it throws ends the reading
 */
export function folderStore(folder: string, onRead: (bytes: number) => void): SnapshotStore {
  async function* read(name: string): AsyncGenerator<Buffer> {
    // Manifests name their objects: none of them may point out of the folder.
    if (!parseObjectName(name)) throw new ObjectMissingError(name, folder);
    try {
      const chunks = createReadStream(join(folder, name), { highWaterMark: chunkBytes });
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        onRead(chunk.length);
        yield chunk;
      }
    } catch (error) {
      throw isNotFound(error) ? new ObjectMissingError(name, folder) : error;
    }
  }
  return {
    description: folder,
    list: () => listFolder(folder),
    read,
    async readSmall(names) {
      const found = new Map<string, Buffer>();
      for (const name of names) {
        const bytes = await readSmallObject(read(name)).catch(unlessMissing);
        if (bytes) found.set(name, bytes);
      }
      return found;
    },
    write: readOnly,
    create: readOnly,
    remove: readOnly,
    close: () => Promise.resolve(),
  };
}

async function listFolder(folder: string): Promise<StoredObject[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new UsageError(`${JSON.stringify(folder)} is not a folder that can be read.`, cause);
  });
  const objects: StoredObject[] = [];
  for (const name of names) {
    if (!parseObjectName(name)) continue;
    const facts = await stat(join(folder, name));
    if (facts.isFile()) objects.push({ name, size: facts.size, modified: facts.mtimeMs });
  }
  return objects;
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof ObjectMissingError)) throw error;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function readOnly(): Promise<never> {
  return Promise.reject(new Error('The recovery kit never writes among the snapshots.'));
}
