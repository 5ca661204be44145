/**
 * A proxy between the functions and the emulator that writes down what they ask of AWS: which
 * function, which permissions on which resources, and what was answered.
 */
import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Home, type Need, needsOf } from './iam-actions.ts';

/** One request of a function. */
export interface RecordedCall {
  /** The function's name; `undefined` for a caller that did not say. */
  caller: string | undefined;
  /** Method and URL, and the operation where the URL does not say it. */
  request: string;
  status: number;
  /** The permissions that it needs; `undefined` for a request that is not understood. */
  needs: Need[] | undefined;
}

export interface RecordingProxy {
  url: string;
  /** For the emulator: has every function send its requests here, under its own name. */
  env: Record<string, string>;
  /** The requests that have been answered, oldest first. */
  calls: RecordedCall[];
  stop: () => Promise<void>;
}

/** What stands before a function's name in the session token that its requests carry. */
const callerMark = 'function:';

/**
 * Run by Node before a function's code. A session token is part of the role's credentials, so it
 * comes with the requests of the SDK and of rclone alike; the emulator does not check it.
 */
const introduceYourself = `process.env.AWS_SESSION_TOKEN = '${callerMark}' + process.env.AWS_LAMBDA_FUNCTION_NAME;`;

/** Starts it on a free port of 127.0.0.1. */
export async function startRecordingProxy(target: string, home: Home): Promise<RecordingProxy> {
  const calls: RecordedCall[] = [];
  const server = createServer((incoming, answer) => {
    forward(target, incoming, answer, (status, body) => {
      calls.push(describe(incoming, status, body, home));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const preload = `data:text/javascript,${encodeURIComponent(introduceYourself)}`;
  return {
    url,
    env: { AWS_ENDPOINT_URL: url, NODE_OPTIONS: `--import=${preload}` },
    calls,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Passes a request on as it is, and the answer back. */
function forward(
  target: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
  onAnswer: (status: number, body: string) => void,
): void {
  const { method = 'GET', url = '/' } = incoming;
  const body: Buffer[] = [];
  if (namesResourceInBody(incoming)) incoming.on('data', (chunk: Buffer) => body.push(chunk));
  const headers = { ...incoming.headers };
  // Node's server has already told the caller to go on, so the emulator is not asked.
  delete headers.expect;
  const outgoing = send(new URL(url, target), { method, headers }, (upstream) => {
    const status = upstream.statusCode ?? 0;
    onAnswer(status, Buffer.concat(body).toString());
    answer.writeHead(status, upstream.rawHeaders);
    upstream.pipe(answer);
  });
  outgoing.on('error', (error) => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end(error.message);
  });
  incoming.pipe(outgoing);
}

function namesResourceInBody({ headers, url = '' }: IncomingMessage): boolean {
  return headers['x-amz-target'] !== undefined || /[?&]delete(=|&|$)/.test(url);
}

function describe(
  { method = '', url = '', headers }: IncomingMessage,
  status: number,
  body: string,
  home: Home,
): RecordedCall {
  const token = headers['x-amz-security-token'];
  const operation = headers['x-amz-target'];
  return {
    caller:
      typeof token === 'string' && token.startsWith(callerMark)
        ? token.slice(callerMark.length)
        : undefined,
    request: [method, url, operation].filter((part) => part !== undefined).join(' '),
    status,
    needs: needsOf({ method, url, headers, body, status }, home),
  };
}
