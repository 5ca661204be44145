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

/** A request that is about to be passed on. */
export interface Passing {
  caller: string | undefined;
  method: string;
  /** Path and query. */
  url: string;
}

/** What happens to a request beside being recorded. */
export interface Disturbance {
  /** Milliseconds for which it is held back. */
  holdMs?: number;
  /** It is done, and the connection breaks before its answer. */
  loseAnswer?: boolean;
  /** It is not done; the answer is that of a role which may not do it. */
  forbid?: boolean;
}

export interface RecordingProxy {
  url: string;
  /** For the emulator: has every function send its requests here, under its own name. */
  env: Record<string, string>;
  /** The requests that have been answered, oldest first. */
  calls: RecordedCall[];
  /** Asked about every request; until somebody sets it, none is disturbed. */
  disturb: (request: Passing) => Disturbance | undefined;
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
    const { method = '', url = '' } = incoming;
    const disturbance = proxy.disturb({ caller: callerOf(incoming), method, url }) ?? {};
    const pass = (): void => {
      if (disturbance.forbid === true) {
        calls.push(describe(incoming, 403, '', home));
        answer.writeHead(403, { 'Content-Type': 'application/xml' });
        answer.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
        return;
      }
      forward(target, incoming, answer, disturbance, (status, body) => {
        calls.push(describe(incoming, status, body, home));
      });
    };
    if (disturbance.holdMs === undefined) pass();
    else setTimeout(pass, disturbance.holdMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const preload = `data:text/javascript,${encodeURIComponent(introduceYourself)}`;
  const proxy: RecordingProxy = {
    url,
    env: { AWS_ENDPOINT_URL: url, NODE_OPTIONS: `--import=${preload}` },
    calls,
    disturb: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** Passes a request on as it is, and the answer back unless that is to be lost. */
function forward(
  target: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
  { loseAnswer = false }: Disturbance,
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
    if (loseAnswer) {
      upstream.resume();
      incoming.socket.destroy();
      return;
    }
    answer.writeHead(status, upstream.rawHeaders);
    upstream.pipe(answer);
  });
  outgoing.on('error', (error) => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end(error.message);
  });
  // Who gives a request up is not waited for.
  answer.on('close', () => {
    if (!answer.writableFinished) outgoing.destroy();
  });
  incoming.pipe(outgoing);
}

function namesResourceInBody({ headers, url = '' }: IncomingMessage): boolean {
  return headers['x-amz-target'] !== undefined || /[?&]delete(=|&|$)/.test(url);
}

/** The name of the function that sent it, if it says so. */
function callerOf({ headers }: IncomingMessage): string | undefined {
  const token = headers['x-amz-security-token'];
  return typeof token === 'string' && token.startsWith(callerMark)
    ? token.slice(callerMark.length)
    : undefined;
}

function describe(
  incoming: IncomingMessage,
  status: number,
  body: string,
  home: Home,
): RecordedCall {
  const { method = '', url = '', headers } = incoming;
  const operation = headers['x-amz-target'];
  return {
    caller: callerOf(incoming),
    request: [method, url, operation].filter((part) => part !== undefined).join(' '),
    status,
    needs: needsOf({ method, url, headers, body, status }, home),
  };
}
