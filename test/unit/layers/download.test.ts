import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

const script = fileURLToPath(new URL('../../../layers/rclone/download.mjs', import.meta.url));
let file: string;
let server: Server;

beforeEach(() => {
  file = join(folderOfTest('download-test'), 'archive.zip');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function givenSite(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive.zip`;
}

const download = (...args: string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, [script, ...args]);

describe('download.mjs', () => {
  it('writes what the site answers to the file', async () => {
    const url = await givenSite((_, response) => response.end('bytes'));

    await download(url, file);

    expect(readFileSync(file, 'utf8')).toBe('bytes');
  });

  it('fails with the status of a site that refuses', async () => {
    const url = await givenSite((_, response) => response.writeHead(404).end());

    await expect(download(url, file)).rejects.toMatchObject({ stderr: 'HTTP 404\n' });
    expect(existsSync(file)).toBe(false);
  });

  it('gives up on a site that does not begin to answer', async () => {
    const url = await givenSite(() => undefined);

    await expect(download(url, file, '200')).rejects.toMatchObject({
      stderr: 'no answer within 200 ms\n',
    });
    expect(existsSync(file)).toBe(false);
  });
});
