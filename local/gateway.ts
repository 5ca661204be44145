/** A stand-in for the agent's gateway: it takes webhook requests and remembers them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebhookRequest {
  /** Epoch milliseconds of its arrival. */
  at: number;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** What the gateway answers; `hang` keeps the connection open and says nothing. */
export type GatewayAnswer =
  { status: number; headers?: Record<string, string>; body?: string } | 'hang';

export interface Gateway {
  /** The base of its hooks, as the configuration wants it. */
  url: string;
  requests: WebhookRequest[];
  /** Called for every request as it arrives; returns what is answered. */
  answer: (request: WebhookRequest) => GatewayAnswer;
  stop: () => Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. It answers as a gateway does that has queued the event. */
export async function startGateway(
  onRequest?: (request: WebhookRequest) => void,
): Promise<Gateway> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: WebhookRequest = {
        at: Date.now(),
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      gateway.requests.push(request);
      onRequest?.(request);
      const answer = gateway.answer(request);
      if (answer === 'hang') return;
      response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
      response.end(answer.body ?? '{"ok":true,"mode":"now","eventOutcome":"queued"}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gateway: Gateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    requests: [],
    answer: () => ({ status: 200 }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gateway;
}

/** Answers as OpenClaw's own gateway does: it asks for the token, and for a text. */
export function asGateway(token: string): (request: WebhookRequest) => GatewayAnswer {
  return ({ headers, body }) => {
    if (headers['authorization'] !== `Bearer ${token}`) {
      return { status: 401, body: '{"ok":false,"error":"unauthorized"}' };
    }
    const { text, message } = parsed(body);
    return text || message
      ? { status: 200 }
      : { status: 400, body: '{"ok":false,"error":"text required"}' };
  };
}

function parsed(body: string): { text?: string; message?: string } {
  try {
    return JSON.parse(body) as { text?: string; message?: string };
  } catch {
    return {};
  }
}
