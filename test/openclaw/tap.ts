import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that has passed, and how it was answered. */
export interface Exchange {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  status: number;
  answer: string;
}

/** Stands before a gateway, passes everything on as it is, and writes it down. */
export interface Tap extends AsyncDisposable {
  url: string;
  exchanges: Exchange[];
}

/** @param target origin of the gateway */
export async function startTap(target: string): Promise<Tap> {
  const exchanges: Exchange[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
      const { url: path = '', headers } = request;
      const { status, answer } = await post(`${target}${path}`, headers, body);
      exchanges.push({ path, headers, body, status, answer });
      response.writeHead(status).end(answer);
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends a request again as it was: what belongs to its connection is left out. */
export async function post(
  url: string,
  headers: IncomingHttpHeaders,
  body: string,
): Promise<{ status: number; answer: string }> {
  const ofConnection = ['host', 'connection', 'content-length', 'transfer-encoding'];
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    ofConnection.includes(name) || value === undefined ? [] : [[name, String(value)] as const],
  );
  const answer = await fetch(url, { method: 'POST', headers: Object.fromEntries(kept), body });
  return { status: answer.status, answer: await answer.text() };
}
