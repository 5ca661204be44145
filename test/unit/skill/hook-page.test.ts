import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { expect, it } from 'vitest';
import { parseRequest } from '../../../functions/shared/jobs/request.ts';

const page = readFileSync(
  join(import.meta.dirname, '../../../skill/hooks/workspace-sync-session/HOOK.md'),
  'utf8',
);
const account = '111122223333';
const bus = `arn:aws:events:eu-west-1:${account}:event-bus/workspace-sync-home`;

/** The statement of the page, as an operator fills it in. */
function statement(): unknown {
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const filled = text
    .replace('<region>', 'eu-west-1')
    .replace('<account>', account)
    .replace('<deployment>', 'home');
  return JSON.parse(filled);
}

async function judge(action: string, resource: string, sources: string[]): Promise<string> {
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/gateway`,
        action,
        resource: { resource, accountId: account },
        contextVariables: sources.length > 0 ? { 'events:source': sources } : {},
      },
      identityPolicies: [
        { name: 'gateway', policy: { Version: '2012-10-17', Statement: statement() } },
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

const own = 'openclaw.gateway';

it.each([
  ['its own events', 'events:PutEvents', bus, [own], 'Allowed'],
  ['several of them', 'events:PutEvents', bus, [own, own], 'Allowed'],
  ['events of a run', 'events:PutEvents', bus, ['workspace-sync'], 'ImplicitlyDenied'],
  ['one among its own', 'events:PutEvents', bus, [own, 'workspace-sync'], 'ImplicitlyDenied'],
  ['events of nobody', 'events:PutEvents', bus, [], 'ImplicitlyDenied'],
  ['another bus', 'events:PutEvents', bus.replace('home', 'work'), [own], 'ImplicitlyDenied'],
  ['another action', 'events:DeleteEventBus', bus, [], 'ImplicitlyDenied'],
])('lets a gateway do this or not: %s', async (_, action, resource, sources, decision) => {
  expect(await judge(action, resource, sources)).toBe(decision);
});

it('shows a line that the deployment takes', () => {
  const [, text = '[]'] = /^aws events put-events --entries '(.*)'$/m.exec(page) ?? [];
  const [entry] = JSON.parse(text) as Record<string, string>[];
  const { Source: source, DetailType, Detail = '' } = entry ?? {};
  const event = { source, 'detail-type': DetailType, detail: JSON.parse(Detail) as unknown };

  expect(parseRequest(event, 'sync')).toEqual({
    job: 'sync',
    agent: 'main',
    trigger: 'session-start',
  });
});
