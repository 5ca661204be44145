import * as z from 'zod';
import { WorkspaceSyncError } from '../errors.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

const entrySchema = z.object({
  path: z.string().min(1),
  size: count,
  /** Milliseconds since the epoch. */
  modified: z.number(),
  mode: count.exactOptional(),
  /** Of the whole file; absent where it was read in several legs. */
  sha256: sha256.exactOptional(),
  /** Of each stretch that one leg read, where there were several. */
  parts: z.array(z.object({ bytes: count, sha256 })).exactOptional(),
  /** Where its header begins: number of the segment, and bytes into that. */
  at: z.tuple([z.int().positive(), count]),
  /** `changed`: written to while it was read; `cut`: it got shorter and was filled up with zeros. */
  flags: z.array(z.enum(['changed', 'cut', 'database', 'in-use'])).exactOptional(),
});

/** One file of a snapshot, as the encrypted list of files has it. */
export type FileEntry = z.infer<typeof entrySchema>;

/** A line of the list. */
export function formatEntry(entry: FileEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** Longest line: a path of 4 KB, escaped, and some hashes. */
const maxLineBytes = 1024 * 1024;

/**
 * Reads a list line by line.
 * @throws FileListError for a line that is not an entry, and for a list that ends within a line.
 */
export async function* parseEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FileEntry> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + textOf(decoder, chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) throw new FileListError('has a line longer than 1 MiB');
    for (const line of lines) yield parseEntry(line);
  }
  if (rest !== '') throw new FileListError('ends within a line');
}

function textOf(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw new FileListError('is not UTF-8');
  }
}

function parseEntry(line: string): FileEntry {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    throw new FileListError('has a line that is not an entry');
  }
}

/** A list of files is not what a snapshot has. */
export class FileListError extends WorkspaceSyncError {
  constructor(problem: string) {
    super(`A list of files ${problem}.`, { code: 'snapshot-damaged', retryable: false });
  }
}
