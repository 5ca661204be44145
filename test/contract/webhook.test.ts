import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { WebhookConfig } from '../../functions/shared/config/index.ts';
import { notify } from '../../functions/shared/notification/notify.ts';
import { poster, postLimits } from '../../functions/shared/notification/post.ts';
import { longestDelaySeconds } from '../../functions/shared/notification/retry-delay.ts';
import {
  answering,
  type ReceivedRequest,
  type Receiver,
  startReceiver,
} from '../fixtures/http-receiver.ts';
import { delivery, message, token, webhook, World } from '../unit/notification/world.ts';

const limits = { ...postLimits, timeoutMs: 1_000, bodyTimeoutMs: 300 };

/** Notifies one agent whose webhook is the receiver. */
async function notifying(
  url: string,
  settings: Partial<WebhookConfig> = {},
  names = ['report.pdf', 'data.csv'],
): Promise<{ world: World; stay: string[] }> {
  const world = new World();
  world.agents['main'] = { webhook: webhook({ url: `${url}/hooks`, ...settings }) };
  const dependencies = world.dependencies({ post: poster(limits) });
  const stay = await notify([message('1', names)], dependencies);
  expectNoToken(world);
  return { world, stay };
}

function expectNoToken(world: World): void {
  const written = [...world.store.objects.values()].map(({ body }) => Buffer.from(body).toString());
  const seen = JSON.stringify([world.log, [...world.buried.values()], written]);
  expect(seen).not.toContain(token);
}

async function expectFate(
  respond: (response: ServerResponse) => void,
  expected: 'delivered' | 'dead' | number,
): Promise<World> {
  await using receiver = await startReceiver(respond);
  const { world, stay } = await notifying(receiver.url);
  expect(receiver.requests).toHaveLength(1);
  expect(stay).toEqual(typeof expected === 'number' ? ['1'] : []);
  expect(world.buried.size).toBe(expected === 'dead' ? 1 : 0);
  expect([...world.delays.values()]).toEqual(typeof expected === 'number' ? [expected] : []);
  return world;
}

function only(receiver: Receiver): ReceivedRequest {
  expect(receiver.requests).toHaveLength(1);
  const [request] = receiver.requests;
  if (!request) throw new Error('no request came in');
  return request;
}

describe('what the gateway gets', () => {
  test('wake: the text for one agent, the token in the header alone', async () => {
    await using receiver = await startReceiver(
      answering(200, {}, '{"ok":true,"mode":"now","eventOutcome":"queued"}'),
    );
    await notifying(receiver.url);
    const body =
      '{"text":"[workspace-sync] New files in _inbox: data.csv, report.pdf","mode":"now","agentId":"main"}';
    expect(only(receiver)).toMatchObject({
      method: 'POST',
      path: '/hooks/wake',
      body,
      rawHeaders: [
        'content-type',
        'application/json',
        'content-length',
        String(body.length),
        'user-agent',
        'workspace-sync-aws/0.1.0',
        'authorization',
        `Bearer ${token}`,
        'Host',
        `127.0.0.1:${receiver.port}`,
        'Connection',
        'close',
      ],
    });
  });

  test('agent: every setting, and a key by which a repetition is recognised', async () => {
    await using receiver = await startReceiver(answering(200, {}, '{"ok":true,"runId":"r"}'));
    const settings = {
      mode: 'agent',
      wakeMode: 'next-heartbeat',
      name: 'Files',
      deliver: true,
      channel: 'telegram',
      to: '@me',
      model: 'small',
      thinking: 'low',
      timeoutSeconds: 60,
    } as const;
    await notifying(receiver.url, settings);
    const request = only(receiver);
    expect(request.path).toBe('/hooks/agent');
    expect(request.headers['idempotency-key']).toMatch(/^workspace-sync-[0-9a-f]{40}$/u);
    expect(request.headers.authorization).toBe(`Bearer ${token}`);
    expect(request.body).toBe(
      JSON.stringify({
        message: '[workspace-sync] New files in _inbox: data.csv, report.pdf',
        name: 'Files',
        agentId: 'main',
        deliver: true,
        wakeMode: 'next-heartbeat',
        sessionMode: 'isolated',
        model: 'small',
        thinking: 'low',
        timeoutSeconds: 60,
        channel: 'telegram',
        to: '@me',
      }),
    );
  });

  test('agent: leaves out what is not set', async () => {
    await using receiver = await startReceiver(answering(202));
    await notifying(receiver.url, { mode: 'agent', agentId: undefined });
    expect(Object.keys(JSON.parse(only(receiver).body) as object)).toEqual([
      'message',
      'wakeMode',
      'sessionMode',
    ]);
  });
});

describe('what any other receiver gets', () => {
  const key = Buffer.from('a key of at least twenty-four bytes');

  /** The signature by the words of the specification, with nothing of ours. */
  function expectedSignature({ headers, body }: ReceivedRequest): string {
    const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  }

  function givenSigned(url: string): World {
    const world = new World();
    world.secretValues = { SIGNING: `whsec_${key.toString('base64')}` };
    const generic = webhook({ mode: 'generic', url: `${url}/in/box`, secret: '${SIGNING}' });
    delete generic.token;
    world.agents['main'] = { webhook: generic };
    return world;
  }

  test('a signed request at exactly its address', async () => {
    await using receiver = await startReceiver(answering(204));
    const world = givenSigned(receiver.url);
    const dependencies = world.dependencies({ post: poster(limits) });
    expect(await notify([message('1', ['b', 'a\n'])], dependencies)).toEqual([]);
    const request = only(receiver);
    expect(request.path).toBe('/in/box');
    expect(request.headers.authorization).toBeUndefined();
    expect(request.headers['webhook-signature']).toBe(expectedSignature(request));
    expect(request.headers['webhook-timestamp']).toBe(String(world.time / 1000));
    expect(JSON.parse(request.body)).toEqual({
      type: 'workspace-sync.inbox.delivered',
      timestamp: '2026-11-22T10:00:00.000Z',
      data: {
        agent: 'main',
        count: 2,
        files: ['a\n', 'b'].map((name) => ({
          name,
          size: 3,
          receipt: `_inbox/.receipts/${delivery(name).id}.json`,
        })),
      },
    });
  });

  test('the same id and body at every attempt, a fresh time and signature', async () => {
    await using receiver = await startReceiver(answering(500));
    const world = givenSigned(receiver.url);
    const dependencies = world.dependencies({ post: poster(limits) });
    await notify([message('1', ['a']), message('2', ['b'])], dependencies);
    world.pass(60);
    await notify([message('2', ['b']), message('1', ['a'])], dependencies);
    const [first, second] = receiver.requests;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    expect(second?.headers['webhook-timestamp']).toBe(String(world.time / 1000));
    expect(second?.headers['webhook-signature']).toBe(second && expectedSignature(second));
  });

  test('no more than a receiver takes, and how many there are', async () => {
    await using receiver = await startReceiver(answering(200));
    const names = Array.from({ length: 3_000 }, (_, index) => `${index}-${'\u0000'.repeat(200)}`);
    const dependencies = givenSigned(receiver.url).dependencies({ post: poster(limits) });
    expect(await notify([message('1', names)], dependencies)).toEqual([]);
    const { body } = only(receiver);
    expect(Buffer.byteLength(body)).toBeLessThan(256 * 1024);
    const { data } = JSON.parse(body) as { data: { files: unknown[]; count: number } };
    expect(data.count).toBe(3_000);
    expect(data.files.length).toBeGreaterThan(50);
  });

  test('a key that is none is refused without being shown', async () => {
    await using receiver = await startReceiver(answering(200));
    const world = givenSigned(receiver.url);
    world.secretValues = { SIGNING: 'whsec_not base64' };
    await notify([message('1', ['a'])], world.dependencies({ post: poster(limits) }));
    expect(receiver.requests).toEqual([]);
    expect(world.buried.get('1')?.message).toContain('whsec_');
    expect(JSON.stringify([...world.buried.values()])).not.toContain('not base64');
  });
});

describe('what an answer leads to', () => {
  test.each([200, 202, 204])('%i: the messages are done with', async (status) => {
    const world = await expectFate(answering(status), 'delivered');
    expect(world.metrics).toEqual([{ name: 'NotificationSent', agent: 'main' }]);
  });

  test.each([400, 404, 405, 413])('%i: dead-lettered', async (status) => {
    const world = await expectFate(answering(status, {}, '{"ok":false}'), 'dead');
    expect(world.buried.get('1')).toMatchObject({
      code: 'webhook-rejected',
      message: expect.stringContaining(`answered ${status} "{`) as string,
    });
    expect(world.metrics).toEqual([{ name: 'NotificationFailed', agent: 'main' }]);
  });

  test.each([401, 403])('%i: dead-lettered, and no second request', async (status) => {
    await using receiver = await startReceiver(answering(status, {}, 'Unauthorized'));
    const { world } = await notifying(receiver.url);
    world.pass(3600);
    await notify([message('2', ['b'])], world.dependencies({ post: poster(limits) }));
    expect(receiver.requests).toHaveLength(1);
    expect([...world.buried.keys()]).toEqual(['1', '2']);
    expectNoToken(world);
  });

  test('429: waits as many seconds as it is told', async () => {
    await expectFate(answering(429, { 'Retry-After': '60' }, 'Too Many Requests'), 60);
  });

  test('429: waits until the date that it is told', async () => {
    await expectFate(answering(429, { 'Retry-After': 'Sun, 22 Nov 2026 10:02:00 GMT' }), 120);
  });

  test('429: waits no longer than a queue can hold a message', async () => {
    await expectFate(answering(429, { 'Retry-After': '31536000' }), longestDelaySeconds);
  });

  test.each([408, 409, 425, 500, 502, 503])('%i: backs off', async (status) => {
    await expectFate(answering(status), 3);
  });

  test('302: not followed, and the other host hears nothing', async () => {
    await using other = await startReceiver(answering(200));
    const world = await expectFate(answering(302, { Location: `${other.url}/hooks/wake` }), 'dead');
    expect(other.requests).toEqual([]);
    expect(world.buried.get('1')?.message).toContain('Redirects are not followed');
  });

  test('307: not followed either, though it would keep method and body', async () => {
    await using other = await startReceiver(answering(200));
    await expectFate(answering(307, { Location: `${other.url}/hooks/wake` }), 'dead');
    expect(other.requests).toEqual([]);
  });
});

describe('receivers that misbehave', () => {
  test('no answer: given up after the timeout, tried again later', async () => {
    const world = await expectFate(() => undefined, 3);
    expect(world.log.map(({ text }) => text).join()).toContain('TIMEOUT');
  });

  test('nobody listening: tried again later', async () => {
    const receiver = await startReceiver(answering(200));
    await receiver[Symbol.asyncDispose]();
    const { world, stay } = await notifying(receiver.url);
    expect(stay).toEqual(['1']);
    expect(world.log.map(({ text }) => text).join()).toContain('ECONNREFUSED');
  });

  test('a reset before the status: tried again later', async () => {
    await expectFate((response) => response.socket?.resetAndDestroy(), 3);
  });

  test('something that is not HTTP: tried again later', async () => {
    await expectFate((response) => response.socket?.end('220 smtp ready\r\n'), 3);
  });

  test('a reset within the body: the status counts', async () => {
    await expectFate((response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"ok"', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
    }, 'delivered');
  });

  test('a body that never comes: the status counts, and nobody waits for long', async () => {
    await expectFate((response) => {
      response.writeHead(401).flushHeaders();
    }, 'dead');
  });

  test('a body without an end: a few KiB are read', async () => {
    let sent = 0;
    const world = await expectFate((response) => {
      response.writeHead(500);
      const pour = (): void => {
        while (!response.destroyed && response.write('endless '.repeat(1024))) sent += 8192;
      };
      response.on('drain', pour).on('error', () => undefined);
      pour();
    }, 3);
    // What the buffers of the two ends hold, and nothing beyond.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    const warning = world.log.find(({ level }) => level === 'warn');
    expect(warning?.text.length).toBeLessThan(1_000);
  });

  test('headers without an end: tried again later', async () => {
    await expectFate((response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`);
    }, 3);
  });

  test('one that repeats what it was sent: the token is not written down', async () => {
    await expectFate(answering(400, {}, `bad header: Bearer ${token}`), 'dead');
  });
});
