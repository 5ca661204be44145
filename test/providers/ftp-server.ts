import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { devNull } from 'node:os';
import { endGroup } from '../../local/process-group.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';

export interface FtpServer {
  port: number;
  stop: () => Promise<void>;
}

/** `rclone serve ftp`, which takes no free port by itself. */
export async function startFtpServer(options: {
  folder: string;
  login: { user: string; password: string };
  args?: string[];
}): Promise<FtpServer> {
  const port = await freePort();
  const { folder, login, args = [] } = options;
  const child = spawn(
    rcloneBinary(),
    [
      ...['serve', 'ftp', folder, `--addr=127.0.0.1:${port}`, '--vfs-cache-mode=writes', '-v'],
      ...[`--user=${login.user}`, `--pass=${login.password}`, '--dir-cache-time=20ms', ...args],
    ],
    { detached: true, env: { RCLONE_CONFIG: devNull }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8_192);
      if (said.includes('FTP Server listening')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`rclone serve ftp ended:\n${said}`));
    });
  });
  return { port, stop: () => endGroup(child, 3_000) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
