import { describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { givenAgent, givenBackedUpAgent, givenDeployment, resources } from './fixtures.ts';
import { allowedOn, readable, type Statement, statementsOf } from './policies.ts';

const { template } = givenDeployment([givenBackedUpAgent('ann'), givenBackedUpAgent('bob')]);
const jobs = ['backup', 'prune', 'verify', 'restore', 'list'] as const;
type Name = (typeof jobs)[number];

const roleOf = (job: Name): string => `Agents${job.charAt(0).toUpperCase()}${job.slice(1)}Role`;
const on = (job: Name, action: string): string[] => allowedOn(template, roleOf(job), action);
const within = (bucket: string, arns: string[]): string[] =>
  arns.filter((arn) => arn.startsWith(`<Buckets${bucket}.Arn>`));
const secrets = (agents: AgentConfig[], job: Name): string[] => {
  const { template: of } = givenDeployment(agents);
  const arns = allowedOn(of, roleOf(job), 'secretsmanager:GetSecretValue');
  return arns.map((arn) => /home\/\*\/(\w+)-\?{6}$/.exec(arn)?.[1] ?? arn);
};
/** What a snapshot of ours consists of: no name that the plugin or a person would give. */
const ownObjects = [
  'backup-*.manifest.json',
  'backup-*.verified-*.json',
  'backup-*.tar.zst*',
  'backup-*.files.zst*',
];

const snapshot = (...ends: string[]): string[] =>
  ends.map((end) => `<BucketsSnapshots.Arn>/*/${end}`).sort();

/** Every statement of every role of the deployment, with the role's name. */
const everyStatement: [string, Statement][] = resources(template, 'AWS::IAM::Policy')
  .flatMap(({ Properties }) => Properties['Roles'] as { Ref: string }[])
  .map(({ Ref }) => Ref.slice(0, -8))
  .flatMap((role) => statementsOf(template, role).map((one): [string, Statement] => [role, one]));

/** The roles that may do this to snapshots. */
function rolesThatMay(action: string): string[] {
  const found = everyStatement.filter(
    ([, { Action, Resource }]) =>
      Action.includes(action) && Resource.some((arn) => arn.includes('BucketsSnapshots')),
  );
  return [...new Set(found.map(([role]) => role))].sort();
}

const kmsKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const native = {
  provider: 's3',
  mode: 'mailbox',
  interval: 300,
  remotePath: 'files',
  s3: { bucket: 'team' },
};

describe('the roles of a deployment', () => {
  it('are all looked at', () => {
    expect(new Set(everyStatement.map(([role]) => role)).size).toBe(10);
  });

  it.each([
    ['s3:DeleteObject', ['AgentsPruneRole']],
    ['s3:DeleteObjectVersion', []],
    ['s3:PutObjectRetention', []],
    ['s3:BypassGovernanceRetention', []],
    ['s3:PutObject', ['AgentsBackupRole', 'AgentsVerifyRole']],
    ['s3:ListBucket', jobs.map(roleOf).sort()],
  ])('may do %s to snapshots: %j', (action, roles) => {
    expect(rolesThatMay(action)).toEqual(roles);
  });

  it('read a passphrase only where snapshots are made or opened', () => {
    const readers = everyStatement.filter(([, { Resource }]) =>
      Resource.some((arn) => arn.includes('/passphrase-')),
    );
    expect(readers.map(([role]) => role).sort()).toEqual([
      'AgentsBackupRole',
      'AgentsRestoreRole',
      'AgentsVerifyRole',
    ]);
  });

  it.each(jobs)('of %s allow named actions only, on named resources', (job) => {
    const statements = statementsOf(template, roleOf(job));
    expect(statements.length).toBeGreaterThan(3);
    for (const { Action, Resource } of statements) {
      expect(Action.join()).not.toContain('*');
      expect(Resource).not.toContain('*');
    }
  });

  it.each(jobs)('of %s have nothing to do with drops and notifications', (job) => {
    const text = JSON.stringify(statementsOf(template, roleOf(job)));
    for (const other of ['BucketsExchange', 'Notifications', 'webhook']) {
      expect(text).not.toContain(other);
    }
  });
});

describe('backup', () => {
  it('reads workspaces and states, the versions that are replaced meanwhile included', () => {
    const files = ['state', 'workspace'].map((part) => `<BucketsWorkspace.Arn>/*/${part}/*`);
    expect(within('Workspace', on('backup', 's3:GetObject'))).toEqual(files);
    expect(on('backup', 's3:GetObjectVersion')).toEqual(files);
    expect(within('Workspace', on('backup', 's3:PutObject'))).toEqual([]);
  });

  it('writes snapshots and the kit, and reads of them nothing but manifests and kit', () => {
    const written = snapshot(
      'backup-*.manifest.json',
      'backup-*.tar.zst',
      'backup-*.tar.zst.enc',
      'backup-*.files.zst',
      'backup-*.files.zst.enc',
      'workspace-sync-recovery-*',
    );
    expect(within('Snapshots', on('backup', 's3:PutObject'))).toEqual(written);
    // Manifests and the kit are small: they are written in one request.
    expect(within('Snapshots', on('backup', 's3:AbortMultipartUpload'))).toEqual(
      written.filter((arn) => arn.includes('.zst')),
    );
    expect(within('Snapshots', on('backup', 's3:GetObject'))).toEqual(
      snapshot('backup-*.manifest.json', 'workspace-sync-recovery-*'),
    );
  });

  it('keeps its state, and may delete nothing anywhere', () => {
    expect(within('State', on('backup', 's3:PutObject'))).toEqual(
      ['backups', 'history', 'leases', 'running', 'status'].map(
        (kind) => `<BucketsState.Arn>/${kind}/*`,
      ),
    );
    const text = JSON.stringify(statementsOf(template, roleOf('backup')));
    expect(text).not.toContain('Delete');
    expect(on('backup', 'events:PutEvents')).toEqual(['<Bus.Arn>']);
  });
});

describe('prune', () => {
  it('reads what says how good snapshots are, and deletes nothing else', () => {
    expect(within('Snapshots', on('prune', 's3:GetObject'))).toEqual(
      snapshot('backup-*.manifest.json', 'backup-*.verified-*.json'),
    );
    expect(on('prune', 's3:DeleteObject')).toEqual(snapshot(...ownObjects));
    expect(within('Workspace', on('prune', 's3:GetObject'))).toEqual([]);
  });
});

describe('verify', () => {
  it('reads snapshots, and writes what it found and nothing else', () => {
    expect(within('Snapshots', on('verify', 's3:GetObject'))).toEqual(snapshot('backup-*'));
    expect(within('Snapshots', on('verify', 's3:PutObject'))).toEqual(
      snapshot('backup-*.verified-*.json'),
    );
    expect(JSON.stringify(statementsOf(template, roleOf('verify')))).not.toContain('Workspace');
  });
});

describe('restore', () => {
  it('writes into staging folders, workspaces and states, and cleans staging folders up', () => {
    const places = ['restored', 'state', 'workspace'].map(
      (part) => `<BucketsWorkspace.Arn>/*/${part}/*`,
    );
    expect(within('Workspace', on('restore', 's3:PutObject'))).toEqual(places);
    expect(within('Workspace', on('restore', 's3:AbortMultipartUpload'))).toEqual(places);
    expect(on('restore', 's3:DeleteObject')).toEqual(['<BucketsWorkspace.Arn>/*/restored/*']);
    expect(within('Snapshots', on('restore', 's3:GetObject'))).toEqual(snapshot('backup-*'));
  });

  it('reaches of a cloud folder that needs no key the folder of restored files alone', () => {
    const { template: of } = givenDeployment([givenAgent('ann', { sync: native })]);
    for (const action of ['s3:PutObject', 's3:DeleteObject']) {
      expect(
        allowedOn(of, roleOf('restore'), action).filter((arn) => arn.includes(':::team')),
      ).toEqual(['arn:<AWS::Partition>:s3:::team/files/.restored/*']);
    }
    const others = jobs.filter((job) => job !== 'restore' && job !== 'list');
    for (const job of others) {
      expect(JSON.stringify(statementsOf(of, roleOf(job)))).not.toContain(':::team');
    }
  });
});

describe('list', () => {
  it('writes nothing but logs, announces nothing, and knows nothing of runs', () => {
    const plain = { provider: 's3', mode: 'mailbox', s3: { bucket: 'far', endpoint: 'https://b' } };
    const { template: of } = givenDeployment([givenBackedUpAgent('ann', {}, { sync: plain })]);
    const actions = statementsOf(of, roleOf('list')).flatMap(({ Action }) => Action);
    expect([...new Set(actions)].sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      'secretsmanager:GetSecretValue',
    ]);
    expect(allowedOn(of, roleOf('list'), 's3:GetObject')).toEqual(
      snapshot('backup-*.manifest.json', 'backup-*.verified-*.json'),
    );
    expect(allowedOn(of, roleOf('list'), 's3:ListBucket')).toEqual(['<BucketsSnapshots.Arn>']);
  });

  it('takes leases and nothing else of runs where a token may have to be refreshed', () => {
    const state = within('State', on('list', 's3:PutObject'));
    expect(state).toEqual(['<BucketsState.Arn>/leases/*']);
    expect(on('list', 's3:PutObject')).toEqual(state);
    expect(within('State', on('list', 's3:GetObject'))).toEqual(state);
  });

  it('sees the names in a cloud folder that needs no key, and in no other folder of the bucket', () => {
    const { template: of } = givenDeployment([givenAgent('ann', { sync: native })]);
    const about = statementsOf(of, roleOf('list')).filter((statement) =>
      JSON.stringify(statement).includes(':::team'),
    );
    expect(about).toEqual([
      expect.objectContaining({
        Action: ['s3:ListBucket'],
        Resource: ['arn:<AWS::Partition>:s3:::team'],
        Condition: { StringLikeIfExists: { 's3:prefix': ['files', 'files/*'] } },
      }),
    ]);
  });
});

describe('secrets', () => {
  it.each([
    ['backup', ['backup', 'passphrase', 'workspace']],
    ['prune', ['backup']],
    ['verify', ['backup', 'passphrase']],
    ['restore', ['backup', 'passphrase', 'sync', 'workspace']],
    ['list', ['backup', 'sync']],
  ] as const)('of %s are %j', (job, scopes) => {
    expect(secrets([givenBackedUpAgent('ann')], job)).toEqual(scopes);
  });

  it.each(jobs)('of %s include those of sync where snapshots lie in its storage', (job) => {
    const inherits = givenAgent('ann', { backup: { enabled: true } });
    expect(secrets([inherits, givenBackedUpAgent('bob')], job)).toContain('sync');
  });
});

describe('refreshed tokens', () => {
  const saved = (agents: AgentConfig[], job: Name): string[] => {
    const { template: of } = givenDeployment(agents);
    const actions = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'];
    const [first = [], second] = actions.map((action) => allowedOn(of, roleOf(job), action));
    expect(first).toEqual(second);
    return first.map((arn) => /home\/\*\/(\w+)-\?{6}$/.exec(arn)?.[1] ?? arn);
  };
  const box = { rcloneType: 'box', rcloneOptions: { token: '${T}' } };

  it.each([
    ['backup', ['backup', 'workspace']],
    ['prune', ['backup']],
    ['verify', ['backup']],
    ['restore', ['backup', 'sync', 'workspace']],
    ['list', ['backup', 'sync']],
  ] as const)('of %s are saved in %j, where each has one', (job, scopes) => {
    const own = { provider: 'gdrive', gdrive: { token: '${T}' } };
    const agent = givenBackedUpAgent('ann', own, { workspace: { kind: 'remote', ...box } });
    expect(saved([agent], job)).toEqual(scopes);
  });

  it.each([
    ['backup', ['sync']],
    ['prune', ['sync']],
    ['verify', ['sync']],
  ] as const)('of %s are saved in %j, where snapshots lie in its storage', (job, scopes) => {
    expect(saved([givenAgent('ann', { backup: { enabled: true } })], job)).toEqual(scopes);
  });

  it.each(['backup', 'prune', 'verify'] as const)('of %s are none by default', (job) => {
    expect(saved([givenBackedUpAgent('ann')], job)).toEqual([]);
  });
});

describe('KMS keys', () => {
  const sealed = givenBackedUpAgent('ann', { encrypt: true, kmsKeyArn });
  const was = givenBackedUpAgent('bob', { kmsKeyArn });
  const keysOf = (agents: AgentConfig[], job: Name, action: string): string[] =>
    allowedOn(givenDeployment(agents).template, roleOf(job), `kms:${action}`);

  it.each([
    ['backup', ['Encrypt', 'GenerateDataKey']],
    ['prune', []],
    ['verify', ['Decrypt']],
    ['restore', ['Decrypt']],
    ['list', []],
  ] as const)('%s may use the key of an agent to %j', (job, actions) => {
    for (const action of ['Encrypt', 'GenerateDataKey', 'Decrypt'] as const) {
      const may = (actions as readonly string[]).includes(action);
      expect(keysOf([sealed, was], job, action)).toEqual(may ? [kmsKeyArn] : []);
    }
  });

  it('still open what they sealed when encryption is off', () => {
    expect(keysOf([was], 'backup', 'GenerateDataKey')).toEqual([]);
    expect(keysOf([was], 'restore', 'Decrypt')).toEqual([kmsKeyArn]);
  });
});

describe('snapshots in a bucket of the account', () => {
  const inVault = (more: object = {}): AgentConfig =>
    givenAgent('ann', {
      backup: { enabled: true, provider: 's3', bucket: 'vault', prefix: 'a*n/', ...more },
    });
  const vault = (end: string): string => `arn:<AWS::Partition>:s3:::vault/a\${*}n/${end}`;

  it.each([
    ['backup', 's3:PutObject', 'backup-*.tar.zst.enc'],
    ['backup', 's3:GetObject', 'backup-*.manifest.json'],
    ['prune', 's3:DeleteObject', 'backup-*.manifest.json'],
    ['verify', 's3:PutObject', 'backup-*.verified-*.json'],
    ['restore', 's3:GetObject', 'backup-*'],
    ['list', 's3:GetObject', 'backup-*.verified-*.json'],
  ] as const)('are %s’s to %s as those in the deployment’s own: %s', (job, action, end) => {
    expect(allowedOn(givenDeployment([inVault()]).template, roleOf(job), action)).toContain(
      vault(end),
    );
  });

  it('can be listed by their prefix only, and deleted by prune alone', () => {
    const { template: of } = givenDeployment([inVault()]);
    for (const job of jobs) {
      const listing = statementsOf(of, roleOf(job)).find(({ Condition }) => Condition);
      expect(listing).toMatchObject({
        Action: ['s3:ListBucket'],
        Resource: ['arn:<AWS::Partition>:s3:::vault'],
        Condition: { StringLikeIfExists: { 's3:prefix': ['a${*}n', 'a${*}n/*'] } },
      });
      const deletable = allowedOn(of, roleOf(job), 's3:DeleteObject');
      expect(deletable.some((arn) => arn.includes('vault'))).toBe(job === 'prune');
    }
    expect(JSON.stringify(statementsOf(of, 'AgentsSyncRole'))).not.toContain('vault');
  });

  it.each([
    ['a key', { accessKeyId: '${KEY}', secretAccessKey: '${SECRET}' }],
    ['an endpoint', { endpoint: 'https://s3.example.com' }],
  ])('give no right where they are reached with %s', (_, s3) => {
    const { template: of } = givenDeployment([inVault({ s3 })]);
    expect(JSON.stringify(of.toJSON())).not.toContain('vault');
  });

  it('follow the bucket of sync once somebody wants snapshots there', () => {
    const inherits = (enabled: boolean): string[] => {
      const agent = givenAgent('ann', { sync: native, backup: { enabled, prefix: 'backups' } });
      return allowedOn(givenDeployment([agent]).template, roleOf('prune'), 's3:DeleteObject');
    };
    expect(inherits(true)).toContain(
      'arn:<AWS::Partition>:s3:::team/backups/backup-*.manifest.json',
    );
    expect(inherits(false).map(readable).sort()).toEqual(snapshot(...ownObjects));
  });
});
