import type { FileHandle } from 'node:fs/promises';
import { fileFailure } from './folder-failure.ts';
import { fill, openBelow, versionAt, type OpenedFile } from './folder-file.ts';
import { FileChangedError, FileGoneError, type OpenFile } from './source.ts';

/** Bytes that are read at once. */
const chunkSize = 1024 * 1024;

/** A file of a folder that is read piece by piece. It is closed when its body has ended. */
export class FileStream implements OpenFile {
  readonly size: number;
  readonly modified: number;
  readonly mode: number;
  readonly version: string;
  readonly body: AsyncIterable<Buffer>;
  /** Called once the file has been closed. */
  ended: () => void = () => undefined;
  readonly #handle: FileHandle;
  readonly #root: string;
  readonly #path: string;

  constructor(root: string, path: string, { handle, facts }: OpenedFile, offset: number) {
    this.#handle = handle;
    this.#root = root;
    this.#path = path;
    this.size = facts.size;
    this.modified = facts.modified;
    this.mode = facts.mode;
    this.version = facts.version;
    this.body = this.#read(offset);
  }

  /** @throws FileChangedError where the file is not the version that is to be read on */
  static async open(
    root: string,
    path: string,
    from: { offset: number; version: string | undefined } = { offset: 0, version: undefined },
  ): Promise<FileStream> {
    const opened = await openBelow(root, path).catch((error: unknown) => {
      const failure = fileFailure(path, error);
      const isGone = failure instanceof FileGoneError && from.version !== undefined;
      throw isGone ? new FileChangedError(path, failure) : failure;
    });
    if (from.version !== undefined && opened.facts.version !== from.version) {
      await opened.handle.close();
      throw new FileChangedError(path);
    }
    return new FileStream(root, path, opened, from.offset);
  }

  async changed(): Promise<boolean> {
    return (await versionAt(this.#root, this.#path)) !== this.version;
  }

  /** Closes the file, whether or not it was read. */
  async end(): Promise<void> {
    await this.#handle.close();
    this.ended();
  }

  async *#read(offset: number): AsyncGenerator<Buffer> {
    try {
      for (let at = offset; at < this.size;) {
        const chunk = Buffer.allocUnsafe(Math.min(chunkSize, this.size - at));
        if ((await fill(this.#handle, chunk, at)) < chunk.length) {
          throw new FileChangedError(this.#path);
        }
        yield chunk;
        at += chunk.length;
      }
    } catch (error) {
      throw fileFailure(this.#path, error);
    } finally {
      await this.end();
    }
  }
}
