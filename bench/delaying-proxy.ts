/** A proxy that counts HTTP requests by method and makes each of them late. */
import { once } from 'node:events';
import { Agent, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DelayingProxy {
  url: string;
  latencyMs: number;
  counts: Map<string, number>;
  stop(): Promise<void>;
}

/** Starts it in front of a server, on a free port of 127.0.0.1. */
export async function startDelayingProxy(target: string): Promise<DelayingProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    const method = incoming.method ?? '';
    proxy.counts.set(method, (proxy.counts.get(method) ?? 0) + 1);
    // As they came, the host too: a WebDAV server compares it with the destination of a MOVE.
    const { headers } = incoming;
    const pass = (): void => {
      const onward = forward(new URL(incoming.url ?? '/', target), { method, headers, agent });
      onward.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    };
    if (proxy.latencyMs > 0) setTimeout(pass, proxy.latencyMs);
    else pass();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: DelayingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    latencyMs: 0,
    counts: new Map(),
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
