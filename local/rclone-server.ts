/** The real `rclone serve`, as a cloud folder that speaks WebDAV, SFTP, S3 or HTTP. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { tools } from './paths.ts';
import { endGroup } from './process-group.ts';

export interface RcloneServerOptions {
  protocol: 'webdav' | 'sftp' | 's3' | 'http';
  /** The folder that is served; with `s3`, its subfolders are the buckets. */
  folder: string;
  /** For `webdav`, `sftp` and `http`; `sftp` wants one. */
  login?: { user: string; password: string };
  /** For `s3`; without them anybody may do anything. */
  keys?: { accessKeyId: string; secretAccessKey: string };
  /** More arguments, such as `--read-only`. */
  args?: string[];
}

export interface RcloneServer {
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

/** Starts it on a free port of 127.0.0.1 and waits until it listens. */
export async function startRcloneServer(options: RcloneServerOptions): Promise<RcloneServer> {
  // An SFTP server keeps the keys there that it makes for itself.
  const cache = mkdtempSync(join(tmpdir(), 'rclone-server-'));
  const child = spawn(join(tools, 'bin', 'rclone'), serveArguments(options), {
    detached: true,
    env: { PATH: process.env['PATH'], RCLONE_CONFIG: devNull, RCLONE_CACHE_DIR: cache },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const stop = async (): Promise<void> => {
    process.off('exit', killWithUs);
    await endGroup(child, 3_000);
    rmSync(cache, { recursive: true, force: true });
  };
  let said = '';
  const url = new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8_192);
      const found = /\[(http:\/\/[^\]]+?)\/?\]|SFTP server listening on (\S+)/.exec(said);
      if (found) resolve(found[1] ?? `sftp://${found[2] ?? ''}`);
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`rclone serve ${options.protocol} ended:\n${said}`));
    });
  });
  try {
    return { url: await url, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function serveArguments({
  protocol,
  folder,
  login,
  keys,
  args = [],
}: RcloneServerOptions): string[] {
  return [
    'serve',
    protocol,
    folder,
    '--addr=127.0.0.1:0',
    '--vfs-cache-mode=off',
    // Not 0s: after a rename the server would then spin for ever. What tests write beside it shows at once.
    '--dir-cache-time=20ms',
    ...(login ? [`--user=${login.user}`, `--pass=${login.password}`] : []),
    ...(keys ? [`--auth-key=${keys.accessKeyId},${keys.secretAccessKey}`] : []),
    ...args,
  ];
}
