import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { type Emulator, startEmulator } from '../../local/emulator.ts';
import { until } from '../fixtures/until.ts';
import { OAuthProvider } from './token/provider.ts';
import { givenAgent, TokenWorld } from './token/world.ts';

let emulator: Emulator;
let provider: OAuthProvider;
let world: TokenWorld;
let count = 0;

beforeAll(async () => {
  [emulator, provider] = await Promise.all([startEmulator(), OAuthProvider.start()]);
  world = new TokenWorld(emulator.client);
  await world.prepare();
});

afterAll(async () => {
  world.close();
  await Promise.all([provider.stop(), emulator.stop()]);
});

beforeEach(() => {
  provider.reset();
  world.lines.length = 0;
  world.legSeconds = 120;
});

afterEach(() => {
  expectNoTokenIn(world.lines);
  expect(world.leftovers()).toEqual([]);
});

function expectNoTokenIn(lines: string[]): void {
  const text = lines.join('\n');
  for (const secret of provider.secrets) expect(text).not.toContain(secret);
}

/** An agent whose stored access token is good for so many more seconds. */
async function givenAuthorized(seconds: number, others: object = {}): Promise<AgentConfig> {
  const name = `agent-${++count}`;
  await world.givenSecret(name, { TOKEN: provider.authorize(seconds), ...others });
  return givenAgent(name, provider.options());
}

async function isNewestStored(agent: string): Promise<boolean> {
  const { TOKEN = '' } = await world.stored(agent);
  return provider.isCurrent(TOKEN);
}

async function expectNewestStored(agent: string): Promise<void> {
  expect(await isNewestStored(agent)).toBe(true);
}

describe('a token that lasts for the leg', () => {
  it('is used as it is, without a refresh and without a write', async () => {
    const agent = await givenAuthorized(3_600);
    const before = await world.stored(agent.name);
    expect(await world.list(agent)).toEqual(['a.txt']);
    expect(provider.refreshes).toBe(0);
    expect(await world.stored(agent.name)).toEqual(before);
  });
});

describe('a rotating token', () => {
  it('is refreshed before the work and saved, run after run', async () => {
    const agent = await givenAuthorized(-5, { OTHER: 'stays' });
    for (const run of [1, 2, 3, 4]) {
      expect(await world.list(agent)).toEqual(['a.txt']);
      expect(provider.refreshes).toBe(run);
      await expectNewestStored(agent.name);
      await world.edit(agent.name, await aged(agent.name));
    }
    expect(await world.stored(agent.name)).toMatchObject({ OTHER: 'stays' });
    expect(provider.concurrent).toBe(1);
    expect(provider.revoked).toBe(false);
  });

  it('is saved before the work begins', async () => {
    const agent = await givenAuthorized(-5);
    const seen = await world.run(agent, async () => {
      await expectNewestStored(agent.name);
      return 'seen';
    });
    expect(seen).toBe('seen');
    expect(provider.refreshes).toBe(1);
  });

  it('still opens the cloud after a run was killed right after its refresh', async () => {
    const agent = await givenAuthorized(-5);
    expect(await killedRun(agent.name)).toBe('SIGKILL');
    expect(provider.refreshes).toBe(1);
    expect(await world.list(agent)).toEqual(['a.txt']);
    expect(provider.refreshes).toBe(1);
    expect(provider.revoked).toBe(false);
  });

  it('is refreshed once by two runs that begin at the same time', async () => {
    provider.refreshMs = 700;
    const agent = await givenAuthorized(-5);
    const other = givenAgent('neighbour', provider.options(), { credentialsOf: agent.name });
    const results = await Promise.all([world.list(agent), world.list(other), world.list(agent)]);
    expect(results).toEqual([['a.txt'], ['a.txt'], ['a.txt']]);
    expect(provider).toMatchObject({ refreshes: 1, concurrent: 1, revoked: false });
    await expectNewestStored(agent.name);
  });

  it('that the provider refuses fails the run with what to do', async () => {
    const agent = await givenAuthorized(-5);
    await world.edit(agent.name, {
      TOKEN: provider.authorize(-5).replace(/"refresh_token":"./, '$&x'),
    });
    await expect(world.list(agent)).rejects.toMatchObject({
      code: 'rclone-unauthorized',
      message: expect.stringMatching(/\$\{TOKEN\}.*rclone authorize.*invalid_grant/s) as string,
    });
  });
});

/** The entry as it would be once the access token has ended. */
async function aged(agent: string): Promise<object> {
  const values = await world.stored(agent);
  const token = JSON.parse(values['TOKEN'] ?? '') as object;
  return { ...values, TOKEN: JSON.stringify({ ...token, expiry: '2020-01-01T00:00:00Z' }) };
}

async function killedRun(agent: string): Promise<unknown> {
  const victim = fileURLToPath(new URL('token/victim.ts', import.meta.url));
  const told = { services: emulator.client, agent, options: provider.options() };
  const folder = mkdtempSync(join(tmpdir(), 'token-victim-'));
  const env = { ...process.env, TMPDIR: folder };
  const ended = promisify(execFile)(process.execPath, [victim, JSON.stringify(told)], { env });
  return ended
    .then(
      () => 'it was not killed',
      (error: unknown) => (error as { signal?: string }).signal ?? String(error),
    )
    .finally(() => {
      rmSync(folder, { recursive: true });
    });
}

describe('an operator who edits the entry during a refresh', () => {
  it('keeps another value', async () => {
    const agent = await givenAuthorized(-5, { OTHER: 'old' });
    const before = await world.stored(agent.name);
    editAtRefresh(() => world.edit(agent.name, { ...before, OTHER: 'new', ADDED: 'too' }));
    expect(await world.list(agent)).toEqual(['a.txt']);
    expect(await world.stored(agent.name)).toMatchObject({ OTHER: 'new', ADDED: 'too' });
    await expectNewestStored(agent.name);
  });

  it('keeps a token of their own', async () => {
    const agent = await givenAuthorized(-5);
    const theirs = '{"access_token":"of-theirs","refresh_token":"of-theirs-too"}';
    editAtRefresh(() => world.edit(agent.name, { TOKEN: theirs }));
    expect(await world.list(agent)).toEqual(['a.txt']);
    expect(await world.stored(agent.name)).toEqual({ TOKEN: theirs });
    expect(world.lines.join()).toContain('theirs stays');
    expect(world.lines.join()).not.toContain('of-theirs');
  });

  it('is not undone when they delete the entry', async () => {
    const agent = await givenAuthorized(-5);
    editAtRefresh(() => world.delete(agent.name));
    expect(await world.list(agent)).toEqual(['a.txt']);
    await expect(world.stored(agent.name)).rejects.toThrow("can't find the specified secret");
  });

  it('keeps another value that they write between our reading and our writing', async () => {
    const agent = await givenAuthorized(-5, { OTHER: 'old' });
    let edited = false;
    world.secrets.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === UpdateSecretVersionStageCommand.name && !edited) {
            edited = true;
            await world.edit(agent.name, { ...(await world.stored(agent.name)), OTHER: 'new' });
          }
          return next(args);
        },
      { step: 'initialize', name: 'editor', override: true },
    );
    expect(await world.list(agent)).toEqual(['a.txt']);
    world.secrets.middlewareStack.remove('editor');
    expect(edited).toBe(true);
    expect(await world.stored(agent.name)).toMatchObject({ OTHER: 'new' });
    await expectNewestStored(agent.name);
  });
});

/** The edit is done when the provider has given out a new token, before rclone hears of it. */
function editAtRefresh(edit: () => Promise<void>): void {
  provider.onRefresh = async () => {
    provider.onRefresh = undefined;
    await edit();
  };
}

describe('an access token that is shorter than a leg', () => {
  it('is saved again while the command that refreshed it still runs', async () => {
    const agent = await givenAuthorized(-5);
    provider.lifetime = 12;
    provider.files.set('/a.txt', 'x'.repeat(40));
    provider.pace = 100;
    await world.run(agent, async (session, cloud) => {
      expect(provider.refreshes).toBe(1);
      // rclone counts a token as expired ten seconds before it is.
      await new Promise((done) => setTimeout(done, 2_500));
      const reading = drained(session.read({ remote: cloud, path: 'a.txt' }));
      await until('a second refresh', () => provider.refreshes === 2, 5_000);
      await until('the second token in the entry', () => isNewestStored(agent.name), 1_500);
      expect(await Promise.race([reading, Promise.resolve('still reading')])).toBe('still reading');
      expect(await reading).toBe(40);
    });
    await expectNewestStored(agent.name);
    expect(provider.revoked).toBe(false);
  });
});

async function drained(bytes: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.length;
  return size;
}
