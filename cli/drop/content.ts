import { open } from 'node:fs/promises';
import { CommandFailure } from '../failure.ts';
import { nameInLine } from '../output/names.ts';
import type { DropSource } from './sources.ts';

/**
 * The content of a file, chunk by chunk. It ends with an error where the file was changed meanwhile:
 * an upload that fails leaves nothing behind, and half a file must not reach anybody.
 */
export async function* steadyContent({ from, size }: DropSource): AsyncGenerator<Buffer> {
  const file = await open(from, 'r');
  try {
    const before = await file.stat();
    if (size !== undefined && before.size !== size) throw changed(from);
    let read = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      read += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    const after = await file.stat();
    if (read !== before.size || after.size !== read || after.mtimeMs !== before.mtimeMs) {
      throw changed(from);
    }
  } finally {
    await file.close();
  }
}

function changed(from: string): CommandFailure {
  return new CommandFailure(
    `${nameInLine(from)} was changed while it was read; it was not sent. Drop it again when nobody ` +
      'writes to it.',
    { code: 'changed-while-read' },
  );
}
