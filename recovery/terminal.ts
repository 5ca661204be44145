import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { InterruptedError, KeyError } from './errors.ts';

/** Asks on the terminal; what is typed is not shown. */
export async function askHidden(what: string): Promise<string> {
  process.stderr.write(`${what} (it is not shown): `);
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const reader = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: true,
    historySize: 0,
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('SIGINT', () => {
        reject(new InterruptedError());
      });
      reader.once('close', () => {
        reject(new KeyError('Nothing was typed, and the snapshot does not open without it.'));
      });
    });
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

/** All of standard input. */
export async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
