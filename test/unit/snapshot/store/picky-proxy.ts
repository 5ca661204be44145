import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What becomes of a request. `lose`: it is done, and its answer lost. `cut`: its answer breaks off
 * after so many bytes.
 */
export type Treatment = 'pass' | 'refuse' | 'lose' | { cut: number };

export interface PickyProxy {
  url: string;
  /** Method and path of every request. */
  seen: string[];
  stop(): Promise<void>;
}

/** A proxy in front of a real server that treats some requests badly. */
export async function startPickyProxy(
  target: string,
  treat: (method: string, url: string) => Treatment,
): Promise<PickyProxy> {
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    seen.push(`${method} ${url}`);
    const treatment = treat(method, url);
    if (treatment === 'refuse') {
      incoming.resume().on('end', () => outgoing.writeHead(403).end(accessDenied));
      return;
    }
    const onward = forward(`${target}${url}`, { method, headers }, (answer) => {
      if (treatment === 'lose') {
        answer.resume().on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (treatment === 'pass') answer.pipe(outgoing);
      else void cutOff(answer, treatment.cut, outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const accessDenied =
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>It is locked.</Message></Error>';

interface Outgoing {
  write(chunk: Buffer, done?: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

async function cutOff(answer: IncomingMessage, limit: number, outgoing: Outgoing): Promise<void> {
  let left = limit;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    await new Promise<void>((resolve) => {
      outgoing.write(piece, resolve);
    });
    if (left === 0) {
      outgoing.destroy();
      return;
    }
  }
  outgoing.end();
}
