import type { Writable } from 'node:stream';

/** What is needed of a program to give it its input. */
interface Reader {
  stdin: Writable;
  once(event: 'exit' | 'error', listener: () => void): unknown;
}

/**
 * Writes the input of a program and closes it, but only once all of it has been handed over: the
 * end of its input is what makes a program believe that it has everything.
 * @returns whether the program was there to take all of it.
 * @throws whatever the input throws; the program's input is then still open.
 */
export async function feed(
  program: Reader,
  input: string | AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const { stdin } = program;
  // A program that exits without reading its input closes the pipe: its exit code tells the story.
  stdin.on('error', () => undefined);
  const orGone = goneFrom(program);
  if (typeof input === 'string') stdin.write(input);
  else if (!(await pour(input, stdin, orGone))) return false;
  await orGone(
    new Promise<void>((resolve) => {
      stdin.end(resolve);
    }),
  );
  return stdin.writableFinished;
}

type OrGone = <T>(promise: Promise<T>) => Promise<T | 'gone'>;

/**
 * Waits for a promise, or for the program to be gone. A race with one long-lived promise would keep
 * every chunk that it was ever raced with.
 */
function goneFrom(program: Reader): OrGone {
  let isGone = false;
  let wake: () => void = () => undefined;
  const leave = (): void => {
    isGone = true;
    wake();
  };
  program.once('exit', leave);
  program.once('error', leave);
  program.stdin.once('close', leave);
  return (promise) =>
    new Promise((resolve, reject) => {
      wake = () => {
        resolve('gone');
      };
      if (isGone) wake();
      promise.then(resolve, reject);
    });
}

/** Whether the program took everything that the input had. */
async function pour(
  input: AsyncIterable<Uint8Array>,
  stdin: Writable,
  orGone: OrGone,
): Promise<boolean> {
  const chunks = input[Symbol.asyncIterator]();
  for (;;) {
    const chunk = await orGone(chunks.next());
    if (chunk !== 'gone' && chunk.done) return true;
    if (
      chunk === 'gone' ||
      (!stdin.write(chunk.value) && (await orGone(drained(stdin))) === 'gone')
    ) {
      // Not waited for: an input that hangs would hang us.
      void Promise.resolve(chunks.return?.()).catch(() => undefined);
      return false;
    }
  }
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    stdin.once('drain', resolve);
  });
}
