/** A real gateway beside a real deployment: everything that the guide installs is installed. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { freePort } from '../../local/free-port.ts';
import { root } from '../../local/paths.ts';
import { deployment, output, type World } from '../../local/world.ts';
import { answering, type Receiver, startReceiver } from '../fixtures/http-receiver.ts';
import { givenAgents } from '../integration/mailbox-world.ts';
import { guideLines, Home } from './openclaw.ts';
import { startTap, type Tap } from './tap.ts';

/** The agents of both, by what they try: their names are the same here and there. */
export const agents = ['main', 'clawd', 'stranger'] as const;
type Agent = (typeof agents)[number];

export interface Guest extends AsyncDisposable {
  world: World;
  home: Home;
  /** What the deployment has posted to the gateway, and its answers. */
  tap: Tap;
  /** What the gateway would have asked a model; it refuses each time. */
  model: Receiver;
  setToken(agent: Agent, token: string): Promise<void>;
  token: string;
}

export async function startGuest(): Promise<Guest> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const tap = stack.use(await startTap(`http://127.0.0.1:${port}`));
  const model = stack.use(await startReceiver(answering(400, {}, '{"error":{"message":"no"}}')));
  const url = `${tap.url}/hooks`;
  const world = await givenAgents({
    main: { webhook: { url } },
    clawd: { webhook: { url, mode: 'agent' }, sync: { onSessionStart: true } },
    stranger: { webhook: { url } },
  });
  stack.defer(() => world.stop());
  const secrets = new SecretsManagerClient(world.emulator.client);
  stack.defer(() => {
    secrets.destroy();
  });
  const entry = (agent: Agent): string => `workspace-sync/${deployment}/${agent}/webhook`;
  const setToken = async (agent: Agent, HOOKS_TOKEN: string): Promise<void> => {
    const SecretString = JSON.stringify({ HOOKS_TOKEN });
    await secrets.send(new PutSecretValueCommand({ SecretId: entry(agent), SecretString }));
  };
  const stored = await secrets.send(new GetSecretValueCommand({ SecretId: entry('main') }));
  const { HOOKS_TOKEN: token } = JSON.parse(stored.SecretString ?? '{}') as { HOOKS_TOKEN: string };
  await setToken('stranger', 'not-the-token-of-the-gateway');

  const home = stack.use(new Home(gatewayConfig(port, token, model.url)));
  const bus = output(world.outputs, 'EventBusName');
  writeFileSync(join(home.state, '.env'), `WORKSPACE_SYNC_EVENT_BUS=${bus}\n`);
  await installed(home);
  await home.startGateway(port, world.emulator.env);
  const all = stack.move();
  const stop = (): Promise<void> => all.disposeAsync();
  return { world, home, tap, model, token, setToken, [Symbol.asyncDispose]: stop };
}

function gatewayConfig(port: number, token: string, modelUrl: string): object {
  return {
    gateway: {
      ...{ mode: 'local', bind: 'loopback', port },
      auth: { mode: 'token', token: 'the-token-of-the-gateway-itself' },
    },
    hooks: { enabled: true, token, allowedAgentIds: agents },
    agents: {
      ownership: 'explicit',
      defaults: {
        model: 'refusing/none',
        heartbeat: { every: '0m' },
        systemAgent: { agentId: 'main' },
      },
      entries: Object.fromEntries(agents.map((name) => [name, {}])),
    },
    models: {
      providers: {
        refusing: {
          ...{ baseUrl: `${modelUrl}/v1`, apiKey: 'none', api: 'openai-completions' },
          models: [{ id: 'none', name: 'None', contextWindow: 120_000, maxTokens: 1_000 }],
        },
      },
    },
  };
}

/** By the lines of the guides, as a person would copy them. */
async function installed(home: Home): Promise<void> {
  const hook = 'skill/hooks/workspace-sync-session/HOOK.md';
  const lines = [
    guideLines('docs/openclaw.md', 'cp skill/SKILL.md'),
    guideLines('docs/openclaw.md', 'openclaw plugins install'),
    guideLines(hook, 'openclaw hooks enable'),
  ];
  const trying = /^openclaw (workspace-sync|skills info)/;
  for (const line of lines.join('\n').split('\n')) {
    if (line === '' || trying.test(line)) continue;
    const { code, stdout, stderr } = await home.shell(line);
    if (code !== 0) throw new Error(`${line}\n${stdout}\n${stderr}`);
  }
  // As `npm install @aws-sdk/client-eventbridge` would do it there.
  symlinkSync(join(root, 'node_modules'), join(home.state, 'node_modules'));
}
