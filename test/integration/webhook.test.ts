import {
  PutSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startGateway,
  type Gateway,
  type GatewayAnswer,
  type WebhookRequest,
} from '../../local/gateway.ts';
import { output, type World } from '../../local/world.ts';
import { until } from '../fixtures/until.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

const agentOf = ({ body }: WebhookRequest): string =>
  (JSON.parse(body) as { agentId: string }).agentId;

/** Whatever the gateway does, the files are delivered, the receipts stay, and no drain is repeated. */
describe('a gateway that', () => {
  let world: World;
  let elsewhere: Gateway;
  /** What each agent's gateway answers, first to last; the last one again and again. */
  const answers: Record<string, GatewayAnswer[]> = {};
  const dead: string[] = [];

  beforeAll(async () => {
    elsewhere = await startGateway();
    answers['busy'] = [{ status: 503 }, { status: 200 }];
    answers['limited'] = [{ status: 429, headers: { 'Retry-After': '3' } }, { status: 200 }];
    answers['moved'] = [{ status: 302, headers: { Location: `${elsewhere.url}/wake` } }];
    answers['missing'] = [{ status: 404 }];
    answers['toobig'] = [{ status: 413 }];
    answers['refusing'] = [{ status: 401 }];
    world = await givenAgents(Object.fromEntries(Object.keys(answers).map((name) => [name, {}])));
    world.gateway.answer = (request) => {
      const list = answers[agentOf(request)] ?? [];
      return (list.length > 1 ? list.shift() : list[0]) ?? { status: 200 };
    };
  });
  afterAll(async () => {
    await world.stop();
    await elsewhere.stop();
  });

  const requestsFor = (agent: string): WebhookRequest[] =>
    world.gateway.requests.filter((request) => agentOf(request) === agent);

  async function givenDrop(agent: string, name = 'a.txt'): Promise<Mailbox> {
    const box = new Mailbox(world, agent);
    await box.drop(name, 'content');
    await box.expectDelivered(1);
    return box;
  }

  async function expectDeadLetter(agent: string): Promise<void> {
    const QueueUrl = output(world.outputs, 'DeadNotificationQueueUrl');
    await until(`a dead letter of ${agent}`, async () => {
      const { Messages = [] } = await world.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
      );
      dead.push(...Messages.map(({ Body = '' }) => Body));
      return dead.some((body) => body.includes(`"agent":"${agent}"`));
    });
  }

  async function expectDeliveredOnce(box: Mailbox): Promise<void> {
    expect(Object.keys(await box.inbox())).toEqual(['a.txt']);
    expect(await box.receipts()).toHaveLength(1);
    const drains = await world.keys('state', `history/${box.agent}/`);
    expect(drains.filter((key) => key.endsWith('-drain.json'))).toHaveLength(1);
  }

  it('is busy is asked again', async () => {
    const box = await givenDrop('busy');

    await until('the second request', () => requestsFor('busy').length >= 2);

    expect(requestsFor('busy')[1]?.body).toBe(requestsFor('busy')[0]?.body);
    await expectDeliveredOnce(box);
  });

  it('says when to come again is not asked sooner', async () => {
    const box = await givenDrop('limited');

    await until('the second request', () => requestsFor('limited').length >= 2);

    const [first, second] = requestsFor('limited');
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(2_900);
    await expectDeliveredOnce(box);
  });

  it.each(['missing', 'toobig'])('is %s is not asked again', async (agent) => {
    const box = await givenDrop(agent);

    await expectDeadLetter(agent);

    expect(requestsFor(agent)).toHaveLength(1);
    await expectDeliveredOnce(box);
  });

  it('sends us elsewhere is not followed, and elsewhere sees no token', async () => {
    const box = await givenDrop('moved');

    await expectDeadLetter('moved');

    expect(elsewhere.requests).toEqual([]);
    expect(requestsFor('moved')).toHaveLength(1);
    await expectDeliveredOnce(box);
  });

  it('refuses our token is left alone until the token changes', async () => {
    const box = await givenDrop('refusing');
    await expectDeadLetter('refusing');
    expect(requestsFor('refusing')).toHaveLength(1);
    await box.drop('b.txt', 'more');
    await box.expectDelivered(2);
    await until('the second dead letter', async () => {
      await expectDeadLetter('refusing');
      return dead.filter((body) => body.includes('"agent":"refusing"')).length >= 2;
    });
    expect(requestsFor('refusing')).toHaveLength(1);

    answers['refusing'] = [{ status: 200 }];
    const secrets = new SecretsManagerClient(world.emulator.client);
    const SecretId = 'workspace-sync/local/refusing/webhook';
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    await box.drop('c.txt', 'even more');

    await box.expectWebhook('c.txt');
    expect(await box.receipts()).toHaveLength(3);
  });

  it('never finds the token in our logs', async () => {
    const { readFile } = await import('node:fs/promises');
    const token = String(requestsFor('busy')[0]?.headers['authorization']).replace('Bearer ', '');
    const log = await readFile(world.emulator.logFile, 'utf8');

    expect(token.length).toBeGreaterThan(10);
    expect(log).not.toContain(token);
  });
});
