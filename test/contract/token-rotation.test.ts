import { execFile } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AgentConfig, agentSchema } from '../../functions/shared/config/agent.ts';
import { listCloudFolder } from '../../functions/shared/jobs/list-cloud-folder.ts';
import { listSnapshots } from '../../functions/shared/jobs/list-snapshots.ts';
import { prune } from '../../functions/shared/jobs/prune.ts';
import { verify } from '../../functions/shared/jobs/verify.ts';
import type { SecretStore } from '../../functions/shared/secrets/store.ts';
import { type Emulator, startEmulator } from '../../local/emulator.ts';
import { folderOfTest } from '../fixtures/temporary-folder.ts';
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
  // It is killed, and leaves there what it has.
  const env = { ...process.env, TMPDIR: folderOfTest('token-victim') };
  const ended = promisify(execFile)(process.execPath, [victim, JSON.stringify(told)], { env });
  return ended.then(
    () => 'it was not killed',
    (error: unknown) => (error as { signal?: string }).signal ?? String(error),
  );
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

  it.each([
    ['our reading and our writing', PutSecretValueCommand.name],
    ['our writing and our making it current', UpdateSecretVersionStageCommand.name],
  ])('keeps another value that they write between %s', async (_, command) => {
    const agent = await givenAuthorized(-5, { OTHER: 'old' });
    const before = await world.stored(agent.name);
    let edited = false;
    world.secrets.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === command && !edited) {
            edited = true;
            await world.edit(agent.name, { ...before, OTHER: 'new' });
          }
          return next(args);
        },
      { step: 'initialize', name: 'editor' },
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

describe('a new token that cannot be saved', () => {
  beforeEach(() => {
    const secrets = world.runtime.secrets;
    // A service that quotes what it was given.
    const replace: SecretStore['replace'] = ({ to }) =>
      Promise.reject(Object.assign(new Error(`not: ${to}`), { name: 'AccessDeniedException' }));
    world.runtime.secrets = { ...secrets, replace };
    return () => {
      world.runtime.secrets = secrets;
    };
  });

  it('fails the run before its work, and says what to do', async () => {
    const agent = await givenAuthorized(-5);
    const work = vi.fn();
    await expect(world.run(agent, work)).rejects.toMatchObject({
      code: 'token-not-saved',
      message: expect.stringMatching(
        /\$\{TOKEN\}.*AccessDeniedException.*rclone authorize/s,
      ) as string,
    });
    expect(work).not.toHaveBeenCalled();
  });

  it('is no reason to fail where the refresh token is still the same', async () => {
    provider.rotates = false;
    const agent = await givenAuthorized(-5);
    expect(await world.list(agent)).toEqual(['a.txt']);
    expect(world.lines.join()).toContain('could not be saved');
  });

  it('fails the run after its work where rclone has got it meanwhile', async () => {
    const agent = await givenAuthorized(3_600);
    const running = world.run(agent, async (session) => {
      const file = join(session.folder, 'rclone.conf');
      const fresh = provider.authorize(3_600);
      writeFileSync(`${file}.new`, `[cloud]\ntype = hidrive\ntoken = ${fresh}\n`);
      renameSync(`${file}.new`, file);
      return Promise.resolve('done');
    });
    await expect(running).rejects.toMatchObject({ code: 'token-not-saved' });
  });
});

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

describe('a credential that another run keeps', () => {
  it('is given up to after a while', async () => {
    const agent = await givenAuthorized(-5);
    provider.lifetime = 20;
    await world.run(agent, async () => {
      provider.refreshes = 0;
      world.legSeconds = 6;
      await world.edit(agent.name, await aged(agent.name));
      expect(await world.list(agent)).toMatchObject({ held: true });
      expect(provider.refreshes).toBe(0);
    });
    expect(await world.list(agent)).toEqual(['a.txt']);
  });
});

describe('jobs that reach a storage by a token', () => {
  const storage = (credentialsOf?: string): object => ({
    provider: 'custom',
    remotePath: '',
    custom: { rcloneType: 'hidrive', rcloneOptions: provider.options() },
    ...(credentialsOf === undefined ? {} : { credentialsOf }),
  });
  const own = { encrypt: false, enabled: true };

  it.each([
    ['list', listSnapshots],
    ['prune', prune],
    ['verify', verify],
  ])('refresh it first and save it: %s', async (_, job) => {
    const { name } = await givenAuthorized(-5);
    const agent = { ...givenAgent(name, provider.options()), ...backupOf(storage()) };
    await world.givenSecret(name, await world.stored(name), 'backup');
    await world.delete(name);
    await job(world.context(name), agent);
    expect(provider).toMatchObject({ refreshes: 1, unauthorized: 0, revoked: false });
    const { TOKEN = '' } = await world.stored(name, 'backup');
    expect(provider.isCurrent(TOKEN)).toBe(true);
  });

  it('use the entry of another agent', async () => {
    const { name } = await givenAuthorized(-5);
    await world.givenSecret(name, await world.stored(name), 'backup');
    const agent = { ...givenAgent('guest', provider.options()), ...backupOf(storage(name)) };
    expect(await listSnapshots(world.context('guest'), agent)).toMatchObject({
      state: 'succeeded',
    });
    const { TOKEN = '' } = await world.stored(name, 'backup');
    expect(provider.isCurrent(TOKEN)).toBe(true);
  });

  it('list the cloud folder', async () => {
    const agent = await givenAuthorized(-5);
    const result = await listCloudFolder(world.context(agent.name), agent);
    expect(result).toMatchObject({ state: 'succeeded', cloudFiles: { files: 1 } });
    await expectNewestStored(agent.name);
  });

  function backupOf(settings: object): Pick<AgentConfig, 'backup'> {
    const { backup } = agentSchema.parse({ name: 'x', sync: {}, backup: { ...own, ...settings } });
    return { backup };
  }
});

describe('a log', () => {
  it('does not show a token that rclone got during the session', async () => {
    const agent = await givenAuthorized(3_600);
    await world.run(agent, async (session, cloud) => {
      const file = join(session.folder, 'rclone.conf');
      const secret = 'a-token-that-nobody-may-see';
      provider.secrets.push(secret);
      const token = JSON.stringify({ access_token: secret, refresh_token: 'r' });
      writeFileSync(`${file}.new`, `[cloud]\ntoken = ${token}\n`);
      renameSync(`${file}.new`, file);
      await until('the token in the entry', async () => {
        return (await world.stored(agent.name))['TOKEN'] === token;
      });
      const remote = { ...cloud, name: secret };
      const result = await session.run({ kind: 'list', from: { remote, path: '' } });
      expect(result.account.errors.at(-1)?.message).toContain('***');
    });
    expect(world.lines.join()).toContain("didn't find section");
  });
});

async function drained(bytes: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.length;
  return size;
}
