import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { type Emulator, startEmulator } from '../../local/emulator.ts';
import { driveId } from '../providers/onedrive.ts';
import { type Provider, type ProviderKind, startProvider } from '../providers/provider.ts';
import { givenAgent, TokenWorld } from './token/world.ts';

const kinds = ['dropbox', 'onedrive', 'drive', 'box'] as const;
const token = '${TOKEN}';

/** The blocks of a configuration that open each provider. */
const blocks: Record<ProviderKind, object> = {
  dropbox: { provider: 'dropbox', dropbox: { token } },
  onedrive: { provider: 'onedrive', onedrive: { token, driveId, driveType: 'business' } },
  drive: { provider: 'gdrive', gdrive: { token } },
  box: { provider: 'custom', custom: { rcloneType: 'box', rcloneOptions: { token } } },
};

let emulator: Emulator;
let world: TokenWorld;

beforeAll(async () => {
  emulator = await startEmulator();
  world = new TokenWorld(emulator.client);
  await world.prepare();
});

afterAll(async () => {
  world.close();
  await emulator.stop();
});

describe.each(kinds)('%s', (kind) => {
  let provider: Provider;
  let agent: AgentConfig;

  beforeAll(async () => {
    provider = await startProvider(kind);
    world.runtime.env['RCLONE_BINARY'] = provider.binary;
    provider.files.write({ 'Agent/a.txt': 'hello' });
    agent = givenAgent(kind, {}, { ...blocks[kind], remotePath: 'Agent' });
    await world.givenSecret(kind, { TOKEN: provider.token({ expired: true }) });
    return () => provider.close();
  });

  it('refreshes by a few requests before each run, and keeps the newest token', async () => {
    for (const run of [1, 2, 3]) {
      const before = provider.requests.length;
      const asked = await world.run(agent, () => {
        expect(provider.oauth.used).toHaveLength(run);
        return Promise.resolve(provider.requests.length - before);
      });
      expect(asked).toBeLessThanOrEqual(6);
      expect(await world.list(agent)).toEqual(['a.txt']);
      expect(provider.oauth.used).toHaveLength(run);
      await expectNewestStored();
      provider.oauth.forgetOldTokens();
      provider.oauth.expireAccess();
      await age();
    }
    expect(world.lines.join()).not.toMatch(/(?:access|refresh)-[0-9a-f]{24}/);
  });

  async function expectNewestStored(): Promise<void> {
    const { TOKEN = '' } = await world.stored(kind);
    expect(JSON.parse(TOKEN)).toMatchObject({ refresh_token: provider.oauth.refreshToken });
  }

  /** As if the access token had had its time. */
  async function age(): Promise<void> {
    const { TOKEN = '' } = await world.stored(kind);
    const aged = { ...(JSON.parse(TOKEN) as object), expiry: '2020-01-01T00:00:00Z' };
    await world.edit(kind, { TOKEN: JSON.stringify(aged) });
  }
});
