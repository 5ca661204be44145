import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Asks an address for nothing, without any secret: the status, or why there was no answer. */
export type Knock = (url: string) => Promise<{ status: number } | { code: string }>;

/** Any answer counts, so a slow one is waited for no longer than a post would be. */
const timeoutMs = 20_000;

/** Knocks with HEAD, which no receiver takes for a notification. Never fails. */
export const knock: Knock = async (url) => {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = open(url, { method: 'HEAD', agent: false, signal });
    outgoing.on('error', () => undefined);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.destroy();
    return { status: response.statusCode ?? 0 };
  } catch (error) {
    if (!(error instanceof Error)) return { code: 'unknown' };
    if (error.name === 'AbortError' || error.name === 'TimeoutError') return { code: 'TIMEOUT' };
    return { code: 'code' in error ? String(error.code) : error.name };
  }
};
