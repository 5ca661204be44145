import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Identity } from './certificate.ts';
import type { Answer, ApiRequest } from './exchange.ts';

export interface Proxy {
  /** As `HTTPS_PROXY` wants it. */
  url: string;
  close: () => Promise<void>;
}

/**
 * An HTTP proxy that is every host it is asked for: it ends the TLS itself and answers. Nothing is
 * ever passed on. `undefined` as an answer hangs up.
 */
export async function startProxy(
  identity: Identity,
  answer: (request: ApiRequest) => Promise<Answer | undefined>,
): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const secure = createSecureServer(
    { key: identity.key, cert: identity.certificate },
    (incoming, outgoing) => void respond(incoming, outgoing, answer),
  );
  const server = createServer((_, outgoing) => outgoing.writeHead(400).end());
  server.on('connect', (_, socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    secure.emit('connection', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      secure.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: ApiRequest) => Promise<Answer | undefined>,
): Promise<void> {
  try {
    const given = await answer(await read(incoming));
    if (!given) return void incoming.destroy();
    const body = Buffer.from(given.body ?? '');
    outgoing.writeHead(given.status, { ...given.headers, 'content-length': body.length }).end(body);
  } catch (error) {
    // A fault of the server itself must be seen as one: no provider answers like this.
    outgoing.writeHead(501).end(`the test's provider: ${String(error)}`);
  }
}

async function read(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    method: incoming.method ?? '',
    url: new URL(incoming.url ?? '/', `https://${incoming.headers.host ?? 'unknown'}`),
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks),
  };
}
