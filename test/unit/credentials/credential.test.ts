import { expect, it } from 'vitest';
import { agentSchema, type AgentConfig } from '../../../functions/shared/config/agent.ts';
import {
  type AuthorizedRemote,
  credentialsOf,
  withToken,
} from '../../../functions/shared/credentials/credential.ts';
import { customRemote } from '../../../functions/shared/rclone/remote.ts';
import type { Runtime } from '../../../functions/shared/runtime/runtime.ts';
import {
  agentCloud,
  below,
  stateRemote,
  workspaceRemote,
} from '../../../functions/shared/workspace/places.ts';

const token = (refresh: string): string =>
  JSON.stringify({ access_token: 'a', refresh_token: refresh });

function given(name: string, reference: string, agent = 'ann', options = {}): AuthorizedRemote {
  const rcloneOptions = { token: token('old'), ...options };
  const remote = customRemote(name, name, { rcloneType: 'box', rcloneOptions });
  return { ...remote, tokenSource: { agent, scope: 'workspace', reference } };
}

it('is one for all remotes whose tokens come from one place', () => {
  const remotes = [given('workspace', 'A'), given('state', 'A'), given('other', 'B')];
  const names = credentialsOf('dev', remotes).map((one) => one.remotes.map(({ name }) => name));
  expect(names).toHaveLength(2);
  expect(names).toEqual(expect.arrayContaining([['workspace', 'state'], ['other']]));
});

it('has a lease that depends on the place of the token alone', () => {
  const scope = (remote: AuthorizedRemote, deployment = 'dev'): string | undefined =>
    credentialsOf(deployment, [remote])[0]?.scope;
  const one = scope(given('workspace', 'A'));
  expect(one).toMatch(/^credentials\/[0-9a-f]{32}$/);
  expect(scope(given('cloud', 'A', 'ann', { token: token('newer') }))).toBe(one);
  expect(scope(given('workspace', 'B'))).not.toBe(one);
  expect(scope(given('workspace', 'A', 'bob'))).not.toBe(one);
  expect(scope(given('workspace', 'A'), 'prod')).not.toBe(one);
});

it('is asked for in the same order by everybody', () => {
  const remotes = [given('a', 'A'), given('b', 'B'), given('c', 'C')];
  const scopes = credentialsOf('dev', remotes).map(({ scope }) => scope);
  expect(credentialsOf('dev', remotes.toReversed()).map(({ scope }) => scope)).toEqual(scopes);
});

it.each([
  ['no reference', { ...given('a', 'A'), tokenSource: undefined }],
  ['no token', given('a', 'A', 'ann', { token: '' })],
  ['a token that nobody refreshes', given('a', 'A', 'ann', { token: 'plain' })],
])('is none with %s', (_, { tokenSource, ...remote }) => {
  expect(credentialsOf('dev', [{ ...remote, ...(tokenSource ? { tokenSource } : {}) }])).toEqual(
    [],
  );
});

it('gives its newest token to its remotes, which are one section where they may be', () => {
  const remotes = [
    given('workspace', 'A'),
    given('state', 'A'),
    given('odd', 'A', 'ann', { x: '1' }),
  ];
  const credentials = credentialsOf('dev', remotes);
  for (const credential of credentials) credential.token = token('new');
  const fresh = remotes.map((remote) => withToken('dev', credentials, remote));
  expect(fresh.map(({ name }) => name)).toEqual(['workspace', 'workspace', 'odd']);
  expect(fresh.map(({ root }) => root)).toEqual(['workspace', 'state', 'odd']);
  for (const { options } of fresh) expect(options['token']).toBe(token('new'));
});

/** A runtime that answers each reference with a token, and notes whose entry was read. */
function givenRuntime(): { runtime: Runtime; read: string[] } {
  const read: string[] = [];
  const secrets = {
    read: (agent: string, scope: string, names: readonly string[] = []) => {
      read.push(`${agent}/${scope}`);
      const values = Object.fromEntries(names.map((name) => [name, token(name)]));
      return Promise.resolve({ values, versionId: 'v' });
    },
  };
  return {
    runtime: { secrets, s3Access: { provider: 'AWS', region: 'x' } } as unknown as Runtime,
    read,
  };
}

const box = { rcloneType: 'box', rcloneOptions: { token: '${BOX}', client_id: '${ID}' } };

function givenAgent(sync: object, workspace: object = {}): AgentConfig {
  return agentSchema.parse({
    name: 'ann',
    workspace: { kind: 'remote', ...box, statePath: 'state', ...workspace },
    sync: { mode: 'mailbox', ...sync },
  });
}

it('is known of each place that a configuration names', async () => {
  const { runtime } = givenRuntime();
  const agent = givenAgent({ provider: 'dropbox', dropbox: { token: '${DROP}' } });
  const source = { agent: 'ann', scope: 'workspace', reference: 'BOX' };
  expect(await workspaceRemote(runtime, agent)).toMatchObject({ tokenSource: source });
  expect(await stateRemote(runtime, agent)).toMatchObject({ tokenSource: source });
  const cloud = await agentCloud(runtime, agent);
  expect(cloud.options['token']).toBe(token('DROP'));
  expect(below(cloud, 'x').tokenSource).toEqual({ agent: 'ann', scope: 'sync', reference: 'DROP' });
});

it('is that of the other agent where a block names one', async () => {
  const { runtime, read } = givenRuntime();
  const custom = { provider: 'custom', custom: box, credentialsOf: 'bob' };
  const agent = givenAgent(custom, { credentialsOf: 'eve' });
  expect((await agentCloud(runtime, agent)).tokenSource).toMatchObject({ agent: 'bob' });
  expect((await workspaceRemote(runtime, agent)).tokenSource).toMatchObject({ agent: 'eve' });
  expect(read).toEqual(['bob/sync', 'eve/workspace']);
});
