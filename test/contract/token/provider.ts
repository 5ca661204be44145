import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A provider with OAuth whose refresh tokens are good for one use: who uses one again, in turn or at
 * the same time, loses the whole grant, as RFC 9700 advises. Its API is the part of HiDrive's that
 * rclone needs to list and to read, because rclone lets that backend's addresses be set.
 */
export class OAuthProvider {
  /** Seconds for which access tokens are good. */
  lifetime = 3_600;
  /** Whether each refresh token is good for one use; otherwise one lasts for ever. */
  rotates = true;
  /** Milliseconds that a refresh takes. */
  refreshMs = 0;
  /** Called when a new pair has been given out, before the answer is sent. */
  onRefresh: (() => Promise<void>) | undefined;
  refreshes = 0;
  /** How many refreshes were under way at once, at most. */
  concurrent = 0;
  /** Whether a refresh token was used twice: nothing of the grant is good any more. */
  revoked = false;
  /** Files and their texts. */
  readonly files = new Map<string, string>();
  /** Milliseconds between two bytes of a file. */
  pace = 0;
  /** Everything that may never stand in a log. */
  readonly secrets: string[] = [];
  /** Requests to the API that were refused for their token. */
  unauthorized = 0;
  #running = 0;
  #refreshToken = '';
  readonly #spent = new Set<string>();
  readonly #access = new Map<string, number>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<OAuthProvider> {
    const provider = new OAuthProvider();
    await new Promise<void>((done) => provider.#server.listen(0, '127.0.0.1', done));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Consent: a new grant, with an access token that is good for so many seconds from now. */
  authorize(seconds = this.lifetime): string {
    this.revoked = false;
    return JSON.stringify(this.#issue(seconds));
  }

  /** The options of a remote; `${TOKEN}` is the reference. */
  options(): Record<string, string> {
    return {
      endpoint: this.url,
      token_url: `${this.url}/token`,
      client_id: 'client',
      client_secret: 'no-secret-of-anybody',
      token: '${TOKEN}',
    };
  }

  /** Whether this is the refresh token that the provider would take now. */
  isCurrent(token: string): boolean {
    const { refresh_token } = JSON.parse(token) as { refresh_token: string };
    return !this.revoked && refresh_token === this.#refreshToken;
  }

  reset(): void {
    [this.lifetime, this.rotates, this.refreshMs, this.pace] = [3_600, true, 0, 0];
    [this.refreshes, this.concurrent, this.unauthorized] = [0, 0, 0];
    this.onRefresh = undefined;
    this.files.clear();
    this.files.set('/a.txt', 'hello');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #issue(seconds: number, keep?: string): Record<string, string> {
    const access = randomBytes(24).toString('hex');
    const refresh = keep ?? randomBytes(24).toString('hex');
    this.#access.set(access, Date.now() + seconds * 1_000);
    this.#refreshToken = refresh;
    this.secrets.push(access, refresh);
    const expiry = new Date(Date.now() + seconds * 1_000).toISOString();
    return { access_token: access, token_type: 'Bearer', refresh_token: refresh, expiry };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === '/token') return this.#refresh(request, response);
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (this.revoked || (this.#access.get(token) ?? 0) < Date.now()) {
      this.unauthorized++;
      return json(response, 401, { code: 401, msg: 'Unauthorized' });
    }
    return this.#serve(url, response);
  }

  async #refresh(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const token = new URLSearchParams(Buffer.concat(body).toString()).get('refresh_token') ?? '';
    this.refreshes++;
    this.concurrent = Math.max(this.concurrent, ++this.#running);
    const good = !this.revoked && token === this.#refreshToken && !this.#spent.has(token);
    if (this.#spent.has(token)) this.revoked = true;
    if (this.rotates) this.#spent.add(token);
    await sleep(this.refreshMs);
    this.#running--;
    if (!good) return json(response, 400, { error: 'invalid_grant' });
    const { expiry, ...pair } = this.#issue(this.lifetime, this.rotates ? undefined : token);
    await this.onRefresh?.();
    if (expiry !== undefined) await json(response, 200, { ...pair, expires_in: this.lifetime });
  }

  async #serve(url: URL, response: ServerResponse): Promise<void> {
    const path = url.searchParams.get('path') ?? '/';
    const text = this.files.get(path);
    if (url.pathname === '/meta' && path === '/') return json(response, 200, root);
    if (url.pathname === '/meta' && text !== undefined)
      return json(response, 200, file(path, text));
    if (url.pathname === '/dir' && path === '/') {
      const members = [...this.files].map(([name, content]) => file(name, content));
      return json(response, 200, { ...root, members });
    }
    if (url.pathname !== '/file' || text === undefined) {
      return json(response, 404, { code: 404, msg: 'Not Found' });
    }
    for (const character of text) {
      response.write(character);
      if (this.pace > 0) await sleep(this.pace);
    }
    response.end();
  }
}

const root = { path: '/', name: '', type: 'dir', id: 'root', mtime: 1_700_000_000 };

function file(path: string, text: string): object {
  const name = path.slice(1);
  return { path, name, type: 'file', id: name, size: text.length, mtime: 1_700_000_000 };
}

async function json(response: ServerResponse, status: number, body: object): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json' });
  await new Promise<void>((done) => response.end(JSON.stringify(body), done));
}
