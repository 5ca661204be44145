import { beforeEach, describe, expect, test } from 'vitest';
import { stateKeys } from '../../../functions/shared/contract/index.ts';
import { notify } from '../../../functions/shared/notification/notify.ts';
import { MissingSecretError } from '../../../functions/shared/secrets/errors.ts';
import { answer, message, token, webhook, World } from './world.ts';

const opening = '[workspace-sync] New files in _inbox:';

let world: World;
beforeEach(() => {
  world = new World();
});

function state(): Record<string, unknown> {
  return JSON.parse(world.store.text(stateKeys.notifications('main')) ?? '{}') as Record<
    string,
    unknown
  >;
}

describe('a batch of messages', () => {
  test('becomes one request per agent', async () => {
    world.agents['other'] = { webhook: webhook({ url: 'http://127.0.0.1:2/hooks' }) };
    const stay = await world.notify(
      message('1', ['b.csv']),
      message('2', ['x.txt'], 'other'),
      message('3', ['a.pdf', 'b.csv']),
    );
    expect(stay).toEqual([]);
    expect(world.texts().sort()).toEqual([`${opening} a.pdf, b.csv`, `${opening} x.txt`]);
    expect(world.metrics).toEqual(
      expect.arrayContaining([
        { name: 'NotificationSent', agent: 'main' },
        { name: 'NotificationSent', agent: 'other' },
      ]),
    );
  });

  test('with nothing in it makes no request', async () => {
    expect(await world.notify(message('1', []))).toEqual([]);
    expect(await world.notify()).toEqual([]);
    expect(world.requests).toEqual([]);
  });

  test('a fault with one agent changes nothing for another', async () => {
    world.agents['other'] = { webhook: webhook({ url: 'http://127.0.0.1:2/hooks' }) };
    const dependencies = world.dependencies({
      agentConfig: (agent) =>
        agent === 'main'
          ? Promise.reject(new Error('disk on fire'))
          : Promise.resolve(world.agents[agent] ?? {}),
    });
    const stay = await notify(
      [message('1', ['a']), message('2', ['b'], 'other'), message('3', ['c'])],
      dependencies,
    );
    expect(stay).toEqual(['1', '3']);
    expect(world.texts()).toEqual([`${opening} b`]);
    expect(world.delays).toEqual(new Map());
    expect(world.buried.size).toBe(0);
  });
});

describe('messages that nobody can act on', () => {
  test.each([
    ['no JSON', 'hello'],
    ['another version', JSON.stringify({ version: 2, agent: 'main', runId: 'r', deliveries: [] })],
    ['no agent', JSON.stringify({ version: 1, runId: 'r', deliveries: [] })],
    [
      'a delivery without a name',
      JSON.stringify({ version: 1, agent: 'main', runId: 'r', deliveries: [{ id: 'x', size: 1 }] }),
    ],
  ])('%s: dead-lettered as it was, with the reason', async (_, body) => {
    const stay = await world.notify({ id: '1', receiptHandle: 'h', body }, message('2', ['a']));
    expect(stay).toEqual([]);
    expect(world.buried.get('1')).toMatchObject({ code: 'message-unreadable', body });
    expect(world.texts()).toEqual([`${opening} a`]);
    expect(world.metrics).toContainEqual({ name: 'NotificationFailed', agent: 'unknown' });
  });

  test('an unknown agent: dead-lettered', async () => {
    expect(await world.notify(message('1', ['a'], 'nobody'))).toEqual([]);
    expect(world.buried.get('1')).toMatchObject({ code: 'unknown-agent' });
  });

  test('an agent without a webhook: handled, with a word in the log', async () => {
    world.agents['main'] = {};
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    expect(world.buried.size + world.requests.length).toBe(0);
    expect(world.log[0]?.text).toContain('no webhook');
  });

  test('a missing secret: dead-lettered with the command that sets it', async () => {
    const entry = {
      agent: 'main',
      scope: 'webhook',
      name: 'workspace-sync/dev/main/webhook',
    } as const;
    const dependencies = world.dependencies({
      secrets: { read: () => Promise.reject(new MissingSecretError(entry, ['T'], 'no-entry')) },
    });
    expect(await notify([message('1', ['a'])], dependencies)).toEqual([]);
    expect(world.buried.get('1')?.message).toContain('aws secretsmanager create-secret');
    expect(world.metrics).toEqual([{ name: 'NotificationFailed', agent: 'main' }]);
    expect(world.store.objects.size).toBe(0);
  });

  test('a token that no header can carry: dead-lettered, the token not shown', async () => {
    world.secretValues = { HOOKS_TOKEN: `${token}\n` };
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    expect(world.buried.get('1')?.code).toBe('webhook-setting');
    expect(JSON.stringify([...world.buried.values(), ...world.log])).not.toContain(token);
  });

  test('if the dead-letter queue does not take it, it stays', async () => {
    const dependencies = world.dependencies();
    dependencies.queue.bury = () => Promise.reject(new Error('throttled'));
    expect(await notify([message('1', ['a'], 'nobody')], dependencies)).toEqual(['1']);
  });
});

describe('the window', () => {
  test('the first is told at once, the next ones wait and come together', async () => {
    await world.notify(message('1', ['a']));
    world.pass(3);
    expect(await world.notify(message('2', ['b']))).toEqual(['2']);
    expect(world.delays.get('2')).toBe(7);
    world.pass(5);
    expect(await world.notify(message('3', ['c']))).toEqual(['3']);
    expect(world.delays.get('3')).toBe(2);
    world.pass(2);
    expect(await world.notify(message('2', ['b']), message('3', ['c']))).toEqual([]);
    expect(world.texts()).toEqual([`${opening} a`, `${opening} b, c`]);
  });

  test('of zero seconds holds nothing back', async () => {
    world.agents['main'] = { webhook: webhook({ window: 0 }) };
    await world.notify(message('1', ['a']));
    expect(await world.notify(message('2', ['b']))).toEqual([]);
    expect(world.requests).toHaveLength(2);
  });

  test('is never longer than itself, whatever another clock wrote down', async () => {
    await world.notify(message('1', ['a']));
    world.pass(-86_400);
    await world.notify(message('2', ['b']));
    expect(world.delays.get('2')).toBe(10);
  });

  test('a broken part of a second is rounded up for the queue', async () => {
    world.agents['main'] = { webhook: webhook({ window: 2.5 }) };
    await world.notify(message('1', ['a']));
    await world.notify(message('2', ['b']));
    expect(world.delays.get('2')).toBe(3);
  });

  test('a message that the queue would not put off stays all the same', async () => {
    await world.notify(message('1', ['a']));
    const dependencies = world.dependencies();
    dependencies.queue.putOff = () => Promise.reject(new Error('receipt handle expired'));
    expect(await notify([message('2', ['b'])], dependencies)).toEqual(['2']);
  });
});

describe('deliveries that were announced before', () => {
  test('are not announced again, within the window and after it', async () => {
    await world.notify(message('1', ['a']));
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    world.pass(60);
    expect(await world.notify(message('1', ['a']), message('2', ['a', 'b']))).toEqual([]);
    expect(world.texts()).toEqual([`${opening} a`, `${opening} b`]);
  });

  test('are remembered a thousand deep, and the last announcement always whole', async () => {
    const many = Array.from({ length: 1500 }, (_, index) => `file-${index}`);
    await world.notify(message('1', many));
    expect(state()['recent']).toHaveLength(1500);
    world.pass(60);
    await world.notify(message('2', ['a']));
    expect(state()['recent']).toHaveLength(1000);
    expect(await world.notify(message('2', ['a']))).toEqual([]);
    expect(world.requests).toHaveLength(2);
  });
});

describe('turns that notifications cause', () => {
  test('are counted by the month: one for each request that was accepted', async () => {
    const turns = (): unknown => state()['turns'];
    await world.notify(message('1', ['a']), message('2', ['b']));
    expect(turns()).toMatchObject({ count: 1 });
    world.pass(60);
    await world.notify(message('3', ['c']));
    expect(turns()).toMatchObject({ count: 2 });
    world.pass(60);
    world.answerTo = () => answer(503);
    await world.notify(message('4', ['d']));
    expect(turns()).toMatchObject({ count: 2 });
    world.answerTo = () => answer(200);
    world.pass(40 * 24 * 3600);
    await world.notify(message('5', ['e']));
    expect(turns()).toMatchObject({ count: 1 });
  });
});

describe('a request that fails', () => {
  test('is tried again after a back-off that grows, and new messages wait for it', async () => {
    world.answerTo = () => answer(503);
    expect(await world.notify(message('1', ['a']))).toEqual(['1']);
    expect(world.delays.get('1')).toBe(3);
    world.pass(1);
    expect(await world.notify(message('2', ['b']))).toEqual(['2']);
    expect(world.delays.get('2')).toBe(2);
    expect(world.requests).toHaveLength(1);
    world.pass(2);
    await world.notify(message('1', ['a']));
    expect(world.delays.get('1')).toBe(5);
    expect(world.buried.size).toBe(0);
    expect(world.metrics.map(({ name }) => name)).toEqual([
      'NotificationDelayed',
      'NotificationDelayed',
    ]);
  });

  test('is repeated exactly, without the files that came meanwhile', async () => {
    world.agents['main'] = { webhook: webhook({ mode: 'agent', deliver: false }) };
    world.answerTo = () => ({ kind: 'unanswered', code: 'TIMEOUT' });
    await world.notify(message('1', ['b']), message('2', ['a']));
    world.pass(60);
    world.answerTo = () => answer(202);
    expect(
      await world.notify(message('3', ['c']), message('2', ['a']), message('1', ['b'])),
    ).toEqual(['3']);
    const [first, second] = world.requests;
    expect(second).toEqual(first);
    expect(world.delays.get('3')).toBe(10);
    world.pass(10);
    expect(await world.notify(message('3', ['c']))).toEqual([]);
    expect(world.requests[2]?.headers['idempotency-key']).not.toBe(
      first?.headers['idempotency-key'],
    );
  });

  test('is not repeated exactly where its files come back in parts', async () => {
    world.answerTo = () => answer(500);
    await world.notify(message('1', ['a']), message('2', ['b']));
    world.pass(60);
    world.answerTo = () => answer(200);
    expect(await world.notify(message('2', ['b']), message('3', ['c']))).toEqual([]);
    expect(world.texts()[1]).toBe(`${opening} b, c`);
  });

  test('for good goes to the dead letters and is not tried again', async () => {
    world.answerTo = () => answer(404, { body: 'no such hook' });
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    expect(world.buried.get('1')).toMatchObject({
      code: 'webhook-rejected',
      message: 'The webhook answered 404 "no such hook".',
      body: message('1', ['a']).body,
    });
    expect(world.metrics).toEqual([{ name: 'NotificationFailed', agent: 'main' }]);
    world.pass(60);
    world.answerTo = () => answer(200);
    expect(await world.notify(message('2', ['b']))).toEqual([]);
    expect(world.texts()[1]).toBe(`${opening} b`);
  });

  test('for three days is given up before the queue forgets it', async () => {
    world.answerTo = () => answer(503);
    const sentAt = world.time;
    world.pass(3 * 24 * 3600);
    expect(await world.notify({ ...message('1', ['a']), sentAt })).toEqual([]);
    expect(world.buried.get('1')?.code).toBe('webhook-unreachable');
  });

  test('leaves no trace of the token', async () => {
    for (const status of [200, 302, 401, 404, 500]) {
      world.answerTo = (request) =>
        answer(status, { body: `You sent ${request.headers['authorization'] ?? ''}` });
      world.secretVersion = `version-${status}`;
      await world.notify(message(`m${status}`, [`f${status}`]));
      world.pass(3600);
    }
    expect(world.requests).toHaveLength(5);
    const seen = JSON.stringify([world.log, [...world.buried.values()], state()]);
    expect(seen).not.toContain(token);
    expect(seen).not.toContain(token.slice(0, 11));
    for (const { url, body } of world.requests) expect(url + body).not.toContain(token);
  });
});

describe('a secret that is refused', () => {
  beforeEach(async () => {
    world.answerTo = () => answer(401, { body: 'Unauthorized' });
    await world.notify(message('1', ['a']));
    world.pass(3600);
  });

  test('is not tried a second time', async () => {
    expect(world.buried.get('1')?.code).toBe('webhook-unauthorized');
    expect(await world.notify(message('2', ['b']))).toEqual([]);
    expect(world.requests).toHaveLength(1);
    expect(world.buried.get('2')).toMatchObject({ code: 'webhook-unauthorized' });
    expect(world.buried.get('2')?.message).toContain('put-secret-value');
  });

  test('is tried when it has a new version', async () => {
    world.secretVersion = 'version-2';
    world.answerTo = () => answer(200);
    expect(await world.notify(message('2', ['b']))).toEqual([]);
    expect(world.requests).toHaveLength(2);
    expect(state()).not.toHaveProperty('refused');
  });

  test('is tried at another address', async () => {
    world.agents['main'] = { webhook: webhook({ url: 'http://127.0.0.1:3/hooks' }) };
    await world.notify(message('2', ['b']));
    expect(world.requests).toHaveLength(2);
  });

  test('is announced again once the dead letters are sent on', async () => {
    world.secretVersion = 'version-2';
    world.answerTo = () => answer(200);
    expect(await world.notify(message('1', ['a']))).toEqual([]);
    expect(world.requests).toHaveLength(2);
  });
});
