import type { WholeFile } from '../source/source.ts';
import type { Candidate } from './location.ts';

/** Files up to this size are read at once: many of them at a time, because each is mostly waiting. */
export const wholeFileBytes = 4 * 1024 * 1024;

/** What may be on its way at once. */
export interface Window {
  files: number;
  bytes: number;
}

/** 15 ms of latency and 10,000 small files are 150 s one by one, and 2.3 s with 64 at a time. */
const defaultWindow: Window = { files: 64, bytes: 32 * 1024 * 1024 };

/** A file whose turn has come. */
export interface ReadyFile {
  candidate: Candidate;
  /** A small file, or the error of reading it; a large one is opened by who packs it. */
  whole?: Promise<WholeFile>;
}

/** How often a file that was written to while it was read is read again. */
const rereads = 2;

/**
 * Reads small files ahead, a bounded window of them in parallel, and hands them out in order.
 *
 * The sidecars of a database are read only when everything before them has been packed: the
 * database first, then its log, is the order in which a copy can still be made consistent.
 */
export async function* readAhead(
  files: AsyncIterable<Candidate>,
  window: Window = defaultWindow,
): AsyncGenerator<ReadyFile> {
  const queue: ReadyFile[] = [];
  let bytes = 0;
  const take = (): ReadyFile | undefined => {
    const ready = queue.shift();
    if (ready) bytes -= cost(ready.candidate);
    return ready;
  };
  for await (const candidate of files) {
    const next = cost(candidate);
    while (queue.length > 0 && (queue.length >= window.files || bytes + next > window.bytes)) {
      const ready = take();
      if (ready) yield begun(ready);
    }
    queue.push(isEager(candidate) ? begun({ candidate }) : { candidate });
    bytes += next;
  }
  for (let ready = take(); ready; ready = take()) yield begun(ready);
}

function cost({ entry }: Candidate): number {
  return entry.size <= wholeFileBytes ? entry.size : 0;
}

function isEager({ entry }: Candidate): boolean {
  return !sidecar.test(entry.path);
}

/** What SQLite writes beside a database. */
export const sidecar = /-(?:wal|shm|journal)$/;

function begun(ready: ReadyFile): ReadyFile {
  if (ready.whole || ready.candidate.entry.size > wholeFileBytes) return ready;
  const whole = readStable(ready.candidate);
  // It is awaited in its turn; a failure before that is nobody's yet.
  whole.catch(() => undefined);
  return { ...ready, whole };
}

async function readStable({ location, entry }: Candidate): Promise<WholeFile> {
  let file = await location.source.readWhole(entry);
  for (let again = 0; file.changed && again < rereads; again++) {
    file = await location.source.readWhole(entry);
  }
  return file;
}
