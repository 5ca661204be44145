import { describe, expect, it } from 'vitest';
import { backupPlace } from '../../../functions/shared/config/index.ts';
import {
  dropbox,
  expectKeys,
  expectProblem,
  givenAgent,
  givenConfig,
  problemsOf,
} from './given.ts';

const token = '${TOKEN}';
const gdrive = { provider: 'gdrive', gdrive: { token } };
const far = { kind: 'remote', rcloneType: 'box', rcloneOptions: { token } };
const of = (agent: string): object => ({
  ...dropbox,
  remotePath: 'of its own',
  credentialsOf: agent,
});

describe('credentialsOf', () => {
  it('names an agent whose secrets are its own, in each of the three blocks', () => {
    const shared = {
      sync: of('ann'),
      backup: { ...gdrive, credentialsOf: 'ann' },
      workspace: { ...far, credentialsOf: 'ann' },
    };
    const { agents } = givenConfig({ agents: { ann: { sync: dropbox }, bob: shared } });
    const bob = agents[1];
    expect(bob?.sync.credentialsOf).toBe('ann');
    expect(bob && backupPlace(bob)).toMatchObject({ settings: { credentialsOf: 'ann' } });
    expect(bob?.workspace).toMatchObject({ credentialsOf: 'ann' });
  });

  it('goes with the storage of sync where snapshots lie there', () => {
    const backup = { enabled: true };
    const agents = { ann: { sync: dropbox }, bob: { sync: of('ann'), backup } };
    const bob = givenConfig({ agents }).agents[1];
    expect(bob && backupPlace(bob)).toMatchObject({
      scope: 'sync',
      settings: { credentialsOf: 'ann' },
    });
  });

  it('may name one agent in one block and none in another', () => {
    const agents = {
      ann: { sync: of('bob') },
      bob: { sync: dropbox, workspace: { ...far, credentialsOf: 'ann' } },
    };
    expect(givenConfig({ agents }).agents).toHaveLength(2);
  });

  it.each([
    ['an agent that is not there', { bob: { sync: of('eve') } }, 'which is no agent of this'],
    ['the agent itself', { bob: { sync: of('bob') } }, 'the agent itself'],
    [
      'an agent that uses another’s',
      { bob: { sync: of('cid') }, cid: { sync: of('ann') } },
      'itself',
    ],
  ])('refuses %s, and says who may be named', (_, others, why) => {
    const [problem] = problemsOf({ agents: { ann: { sync: dropbox }, ...others } });
    expect(problem).toMatchObject({ key: 'agents.bob.sync.credentialsOf' });
    expect(problem?.value).toContain(why);
    expect(problem?.allowed).toBe('"ann"');
  });

  it('names the one to write where an agent uses another’s', () => {
    const agents = { ann: { sync: dropbox }, bob: { sync: of('cid') }, cid: { sync: of('ann') } };
    expect(problemsOf({ agents })[0]?.fix).toContain('Write "ann"');
  });

  it('is refused in the only agent of a file', () => {
    const { allowed } = expectProblem({ sync: of('ann') }, 'sync.credentialsOf');
    expect(allowed).toContain('nothing: no other agent');
  });

  it.each([
    ['the storage of sync is used', { enabled: true, credentialsOf: 'ann' }],
    ['the deployment’s own bucket is used', { provider: 's3', credentialsOf: 'ann' }],
  ])('is refused in a backup that asks for no secrets: %s', (_, backup) => {
    const agents = { ann: { sync: dropbox }, bob: { sync: dropbox, backup } };
    expectKeys({ agents }, ['agents.bob.backup.credentialsOf']);
  });

  it('is absent by default', () => {
    expect(givenAgent({ sync: dropbox }).sync).not.toHaveProperty('credentialsOf');
  });
});
