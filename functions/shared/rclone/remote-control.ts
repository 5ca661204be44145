import { Agent, request, type IncomingMessage } from 'node:http';
import { systemClock, type Clock } from '../clock.ts';
import { messageOf, WorkspaceSyncError } from '../errors.ts';
import type { RcloneServer } from './session.ts';

/** rclone's own server, asked over its socket. */
export interface RemoteControl {
  /**
   * One of rclone's operations, for the served remote; its answer is not looked into.
   * @throws RemoteControlError
   */
  call(operation: string, parameters: Record<string, unknown>): Promise<unknown>;
  /**
   * A file from an offset on, as the answer to be read; its status is 200 or 206.
   * @throws RemoteControlError
   */
  file(path: string, offset?: number): Promise<IncomingMessage>;
  close(): Promise<void>;
}

/** Requests at once; more of them wait. */
const maxSockets = 64;

/** How long it may take until the server listens. */
const startMs = 15_000;
const startPollMs = 20;

/** A client of a server that may still be starting. */
export function remoteControl(server: RcloneServer, clock: Clock = systemClock): RemoteControl {
  const agent = new Agent({ keepAlive: true, maxSockets });
  let end: RemoteControlError | undefined;
  void server.ended
    .catch((error: unknown) => error)
    .then((error) => {
      end = new RemoteControlError(messageOf(error), undefined, error);
    });

  const send = async (asked: Asked): Promise<IncomingMessage> => {
    try {
      return await ask(server.socket, agent, asked);
    } catch (error) {
      throw end ?? new RemoteControlError(`rclone does not answer: ${messageOf(error)}`);
    }
  };
  const accepted = async (asked: Asked): Promise<IncomingMessage> => {
    await ready();
    const answer = await send(asked);
    const status = answer.statusCode ?? 0;
    if (status === 200 || status === 206) return answer;
    const said = parse((await textOf(answer)) || '{}') as { error?: unknown };
    const why = typeof said.error === 'string' ? said.error : `status ${status}`;
    throw new RemoteControlError(server.redact(why), status);
  };
  let starting: Promise<void> | undefined;
  const ready = (): Promise<void> => (starting ??= untilListening());
  const untilListening = async (): Promise<void> => {
    const giveUpAt = clock.now() + startMs;
    for (;;) {
      try {
        (await send(post('rc/noop', {}))).resume();
        return;
      } catch (error) {
        if (end || clock.now() > giveUpAt) throw error;
        await clock.sleep(startPollMs);
      }
    }
  };

  return {
    async call(operation, parameters) {
      const answer = await accepted(post(operation, { fs: server.fs, ...parameters }));
      return parse(await textOf(answer));
    },
    file: (path, offset = 0) =>
      accepted({
        method: 'GET',
        path: `/%5B${encodeURIComponent(server.fs)}%5D/${path.split('/').map(encodeURIComponent).join('/')}`,
        headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
      }),
    async close() {
      agent.destroy();
      await server.stop();
    },
  };
}

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

function post(operation: string, parameters: Record<string, unknown>): Asked {
  const body = JSON.stringify(parameters);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  };
  return { method: 'POST', path: `/${operation}`, headers, body };
}

function ask(
  socketPath: string,
  agent: Agent,
  { body, ...asked }: Asked,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, agent, ...asked }, resolve)
      .on('error', reject)
      .end(body);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (error) {
    throw new RemoteControlError(`rclone broke off its answer: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RemoteControlError(`rclone answered with no JSON: ${messageOf(error)}`);
  }
}

/** rclone's server refused a request, or is not there. */
export class RemoteControlError extends WorkspaceSyncError {
  /** What it answered, if it did; 404 where there is no such file or folder. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { code: 'rclone-remote-control', retryable: true, cause });
    this.status = status;
  }
}
