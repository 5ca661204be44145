import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRuntime } from '../../../functions/shared/runtime/runtime.ts';

let server: Server;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'key');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

function givenRuntime(): ReturnType<typeof createRuntime> {
  return createRuntime({
    ...process.env,
    DEPLOYMENT: 'test',
    STATE_BUCKET: 'state',
    S3_PROVIDER: 'Other',
  });
}

/** Lets so many seconds pass for timers, with real requests meanwhile; ends early with the promise. */
async function outcomeWithin(seconds: number, promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'waiting';
  promise.then(
    () => (outcome = 'answered'),
    (error: unknown) => (outcome = error),
  );
  for (let passed = 0; passed < seconds && outcome === 'waiting'; passed++) {
    await vi.advanceTimersByTimeAsync(1_000);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  }
  return outcome;
}

describe('S3 that takes a request and never answers', () => {
  it.each([
    ['writing', (store: ReturnType<typeof createRuntime>['store']) => store.put('a', 'text')],
    ['reading', (store: ReturnType<typeof createRuntime>['store']) => store.get('a')],
  ])('makes %s state an error, after a few attempts', async (_, ask) => {
    let requests = 0;
    server.on('request', () => requests++);

    const outcome = await outcomeWithin(600, ask(givenRuntime().store));

    expect(outcome).toMatchObject({ name: 'TimeoutError' });
    expect(requests).toBeGreaterThan(1);
  });

  it('is waited for with a file, which may take long to be sent', async () => {
    let requests = 0;
    server.on('request', () => requests++);
    const command = new PutObjectCommand({ Bucket: 'files', Key: 'a', Body: 'text' });

    const outcome = await outcomeWithin(600, givenRuntime().s3.send(command));

    expect(outcome).toBe('waiting');
    expect(requests).toBe(1);
  });
});
