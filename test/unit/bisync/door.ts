import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way to a server that counts who comes through. */
export interface Door {
  url: string;
  /** How often each method was asked for, since the last call. */
  take(): Record<string, number>;
  /** Milliseconds by which each upload is held up. */
  delayMs: number;
  /** Requests that find nothing there, as `PROPFIND /path`. */
  missing: RegExp | undefined;
  stop(): Promise<void>;
}

/**
 * Opens it. rclone's own S3 server gives an object the time that its writer wishes; S3 gives it the
 * time of the upload, as the server does once the wish is taken out.
 */
export async function openDoor(target: string): Promise<Door> {
  const { hostname, port } = new URL(target);
  let counts: Record<string, number> = {};
  const server = createServer((incoming, outgoing) => {
    const { method = '', url: path } = incoming;
    counts[method] = (counts[method] ?? 0) + 1;
    if (door.missing?.test(`${method} ${path ?? ''}`)) {
      outgoing.writeHead(404).end();
      return;
    }
    const headers = { ...incoming.headers };
    delete headers['x-amz-meta-mtime'];
    const onward = forward({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    setTimeout(() => incoming.pipe(onward), method === 'PUT' ? door.delayMs : 0);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const door: Door = {
    delayMs: 0,
    missing: undefined,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = counts;
      counts = {};
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return door;
}
