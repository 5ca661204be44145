import { describe, expect, it } from 'vitest';
import type { WebhookConfig } from '../../../functions/shared/config/index.ts';
import { MissingSecretError } from '../../../functions/shared/secrets/errors.ts';
import {
  type CheckDependencies,
  checkWebhook,
} from '../../../functions/shared/notification/check.ts';
import { knock } from '../../../functions/shared/notification/knock.ts';
import { poster } from '../../../functions/shared/notification/post.ts';
import { asGateway, startGateway } from '../../../local/gateway.ts';

const token = 'a-token-of-the-gateway';

function givenWebhook(more: Partial<WebhookConfig>): WebhookConfig {
  const reference = '${HOOKS_TOKEN}';
  return { mode: 'wake', token: reference, window: 1, wakeMode: 'now', url: '', ...more };
}

function given(webhook: WebhookConfig | undefined, stored?: string): CheckDependencies {
  return {
    agentConfig: () => Promise.resolve({ webhook }),
    secrets: {
      read: (agent, scope, names = []) => {
        const entry = { agent, scope, name: 'workspace-sync/dev/main/webhook' };
        if (stored === undefined) throw new MissingSecretError(entry, names, 'no-entry');
        return Promise.resolve({ values: { HOOKS_TOKEN: stored }, versionId: 'v1' });
      },
    },
    post: poster(),
    knock,
  };
}

describe('a webhook is tried without telling anybody anything', () => {
  it('knows a gateway that takes the token, and wakes nobody', async () => {
    const gateway = await startGateway();
    gateway.answer = asGateway(token);
    const check = await checkWebhook('main', given(givenWebhook({ url: gateway.url }), token));
    expect(check.outcome).toBe('answers');
    expect(gateway.requests.map(({ path }) => path)).toEqual(['/hooks/wake']);
    expect(JSON.parse(gateway.requests[0]?.body ?? '')).toMatchObject({ text: '' });
    await gateway.stop();
  });

  it.each([
    [401, 'refuses', 'refuses the token'],
    [404, 'refuses', 'no hooks'],
    [429, 'refuses', 'locked us out'],
    [302, 'refuses', 'Redirects'],
    [503, 'refuses', '503'],
  ])('tells %i', async (status, outcome, words) => {
    const gateway = await startGateway();
    gateway.answer = () => ({ status });
    const check = await checkWebhook('main', given(givenWebhook({ url: gateway.url }), token));
    expect(check.outcome).toBe(outcome);
    expect(check.message).toContain(words);
    await gateway.stop();
  });

  it.each([
    [200, '<html>This domain is for sale</html>', 'stranger'],
    [200, '{"status":"fine"}', 'stranger'],
    [200, 'null', 'stranger'],
    [200, '{"ok":false}', 'stranger'],
    [204, '', 'stranger'],
    [400, 'Bad Request', 'stranger'],
    [400, '{"ok":true}', 'stranger'],
    [200, '{"ok":true,"mode":"now"}', 'answers'],
    [400, '{"ok":false,"error":"text required"}', 'answers'],
    [400, 'text required', 'answers'],
  ])('takes %i with %j for: %s', async (status, body, outcome) => {
    const gateway = await startGateway();
    gateway.answer = () => ({ status, body });
    const check = await checkWebhook('main', given(givenWebhook({ url: gateway.url }), token));
    expect(check.outcome).toBe(outcome);
    if (outcome === 'stranger') expect(check.message).toContain('not as OpenClaw does');
    await gateway.stop();
  });

  it('never says the address or the token', async () => {
    const gateway = await startGateway();
    const { url } = gateway;
    await gateway.stop();
    const check = await checkWebhook('main', given(givenWebhook({ url }), token));
    expect(check).toMatchObject({ outcome: 'unreachable' });
    expect(check.message).toContain('ECONNREFUSED');
    expect(JSON.stringify(check)).not.toContain(token);
    expect(JSON.stringify(check)).not.toContain(new URL(url).port);
  });

  it('says which secret is missing, and makes no request', async () => {
    const check = await checkWebhook('main', given(givenWebhook({ url: 'https://example.com' })));
    expect(check.outcome).toBe('unusable');
    expect(check.message).toContain('HOOKS_TOKEN');
  });

  it('takes any answer of a generic receiver, which sees no secret', async () => {
    const gateway = await startGateway();
    gateway.answer = () => ({ status: 405 });
    const base = givenWebhook({ url: gateway.url });
    const check = await checkWebhook('main', given({ ...base, mode: 'generic' }, token));
    expect(check.outcome).toBe('answers');
    expect(gateway.requests[0]?.headers['webhook-signature']).toBeUndefined();
    await gateway.stop();
  });

  it('says that there is none', async () => {
    expect((await checkWebhook('main', given(undefined))).outcome).toBe('none');
  });
});
