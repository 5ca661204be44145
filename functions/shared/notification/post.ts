import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { addAbortSignal } from 'node:stream';
import type { WebhookRequest } from './webhook.ts';

/** What came of a request: an answer's beginning, or why there was none. */
export type Answer =
  | { kind: 'answered'; status: number; retryAfter: string | undefined; body: string }
  | { kind: 'unanswered'; code: string };

/** Posts a request, once. Never fails: a fault of the network is an answer too. */
export type Post = (request: WebhookRequest) => Promise<Answer>;

/** How long a receiver may take, and how much of its answer is read. */
export interface PostLimits {
  /** From looking up the name to the last byte that is read. */
  timeoutMs: number;
  /** For the body alone: the status line has said what matters. */
  bodyTimeoutMs: number;
  bodyBytes: number;
}

/** Limits that a gateway meets with ease and a hostile receiver cannot stretch. */
export const postLimits: PostLimits = {
  timeoutMs: 20_000,
  bodyTimeoutMs: 2_000,
  bodyBytes: 4_096,
};

/**
 * Posts with node:http rather than fetch: it follows no redirect, decodes no content coding, adds no
 * headers of its own and, without an agent, never writes to a connection that died while the
 * function was frozen.
 */
export function poster(limits: PostLimits = postLimits): Post {
  return async (request) => {
    try {
      const response = await send(request, AbortSignal.timeout(limits.timeoutMs));
      return {
        kind: 'answered',
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'],
        body: await beginning(response, limits),
      };
    } catch (error) {
      return { kind: 'unanswered', code: faultCode(error) };
    }
  };
}

async function send(request: WebhookRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(request.url);
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const { headers, body } = request;
  const outgoing = open(url, { method: 'POST', headers, agent: false, signal });
  // A connection that breaks after the answer has begun is seen by whoever reads the answer.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

/** What can be read of the body; a broken, endless or slow one changes nothing about the status. */
async function beginning(response: IncomingMessage, limits: PostLimits): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  addAbortSignal(AbortSignal.timeout(limits.bodyTimeoutMs), response);
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= limits.bodyBytes) break;
    }
  } catch {
    // The status has been given.
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks).subarray(0, limits.bodyBytes).toString();
}

/** A word for the fault that holds nothing of the request, whose headers are secret. */
function faultCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'TIMEOUT';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
