import { describe, expect, it } from 'vitest';
import { givenAgent, givenDeployment, resources } from './fixtures.ts';
import { allowedOn, deniedOn, readable, statementsOf } from './policies.ts';

const { template } = givenDeployment([givenAgent('ann'), givenAgent('bob')]);
const roles = { sync: 'AgentsSyncRole', drain: 'AgentsDrainRole', notify: 'WebhooksNotifyRole' };
const names = Object.keys(roles) as (keyof typeof roles)[];

const on = (role: keyof typeof roles, action: string): string[] =>
  allowedOn(template, roles[role], action);
const workspaces = '<BucketsWorkspace.Arn>/*/workspace/*';
const secret = (kind: string): string =>
  `arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:workspace-sync/home/*/${kind}-??????`;

describe('roles', () => {
  it.each(names)('%s allows named actions only, and uses no policy of AWS', (name) => {
    const statements = statementsOf(template, roles[name]);
    expect(statements.length).toBeGreaterThan(3);
    for (const { Action, Resource } of statements) {
      expect(Action.join()).not.toContain('*');
      expect(Resource).not.toContain('*');
    }
    for (const { Properties } of resources(template, 'AWS::IAM::Role')) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it.each(names)('%s cannot touch snapshots', (name) => {
    expect(JSON.stringify(statementsOf(template, roles[name]))).not.toContain('BucketsSnapshots');
  });

  it.each(names)('%s deletes nothing but files of workspaces, if anything', (name) => {
    expect(on(name, 's3:DeleteObject')).toEqual(name === 'sync' ? [workspaces] : []);
  });

  it('may write logs to their own group', () => {
    expect(on('sync', 'logs:PutLogEvents')).toEqual(['<AgentsSyncLogs.Arn>']);
    expect(on('drain', 'logs:PutLogEvents')).toEqual(['<AgentsDrainLogs.Arn>']);
    expect(on('notify', 'logs:PutLogEvents')).toEqual(['<WebhooksNotifyLogs.Arn>']);
  });

  it('read the secrets of their own job', () => {
    expect(on('sync', 'secretsmanager:GetSecretValue')).toEqual([
      secret('sync'),
      secret('workspace'),
    ]);
    expect(on('drain', 'secretsmanager:GetSecretValue')).toEqual([secret('workspace')]);
    expect(on('notify', 'secretsmanager:GetSecretValue')).toEqual([secret('webhook')]);
  });
});

const saving = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'];

describe('refreshed tokens', () => {
  it.each(saving)('are saved by who uses them, in their own entries: %s', (action) => {
    expect(on('sync', action)).toEqual([secret('sync')]);
    expect(on('drain', action)).toEqual([]);
    expect(on('notify', action)).toEqual([]);
  });

  it.each(['dropbox', 'gdrive', 'onedrive'])('are those of %s', (provider) => {
    const drive = provider === 'onedrive' ? { driveId: 'b!1', driveType: 'personal' } : {};
    const sync = { provider, mode: 'mailbox', [provider]: { token: '${T}', ...drive } };
    expect(savers([givenAgent('ann', { sync })])).toEqual({ sync: ['sync'], drain: [] });
  });

  it('are those of any backend that has a token, also where the workspace lies', () => {
    const box = { rcloneType: 'box', rcloneOptions: { token: '${T}' } };
    const custom = { provider: 'custom', mode: 'mailbox', custom: box };
    const workspace = { kind: 'remote', ...box };
    expect(savers([givenAgent('ann', { sync: custom, workspace })])).toEqual({
      sync: ['sync', 'workspace'],
      drain: ['workspace'],
    });
  });

  it('are nobody’s where no provider has any', () => {
    const sftp = { rcloneType: 'sftp', rcloneOptions: { host: 'nas', pass: '${P}' } };
    const custom = { provider: 'custom', mode: 'mailbox', custom: sftp };
    const workspace = { kind: 'remote', ...sftp };
    const s3 = { provider: 's3', mode: 'mailbox', s3: { bucket: 'the-team' } };
    const agents = [
      givenAgent('ann', { sync: custom, workspace }),
      givenAgent('bob', { sync: s3 }),
    ];
    expect(savers(agents)).toEqual({ sync: [], drain: [] });
  });
});

/** The kinds of entries in which each role may save. */
function savers(agents: Parameters<typeof givenDeployment>[0]): Record<string, string[]> {
  const { template: of } = givenDeployment(agents);
  const kinds = (role: string): string[] => {
    const [first = [], second = []] = saving.map((action) => allowedOn(of, role, action));
    expect(first).toEqual(second);
    return first.map((arn) => /home\/\*\/(\w+)-\?{6}$/.exec(arn)?.[1] ?? arn);
  };
  return { sync: kinds(roles.sync), drain: kinds(roles.drain) };
}

describe('sync', () => {
  it('reads and changes the files of workspaces, and nothing beside them', () => {
    for (const action of ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']) {
      const there = on('sync', action).filter((arn) => arn.includes('Workspace'));
      expect(there, action).toEqual([workspaces]);
    }
  });

  it('is forbidden to delete what lies in an inbox', () => {
    const inboxes = '<BucketsWorkspace.Arn>/*/workspace/_inbox/*';
    expect(deniedOn(template, roles.sync, 's3:DeleteObject')).toEqual([inboxes]);
    const denial = statementsOf(template, roles.sync).find(({ Effect }) => Effect === 'Deny');
    expect(denial).toEqual({ Effect: 'Deny', Action: ['s3:DeleteObject'], Resource: [inboxes] });
  });

  it('has nothing to do with drops', () => {
    expect(JSON.stringify(statementsOf(template, roles.sync))).not.toContain('BucketsExchange');
  });

  it('keeps its state', () => {
    const state = on('sync', 's3:PutObject').filter((arn) => arn.includes('State'));
    expect(state).toEqual(
      ['bisync', 'history', 'journals', 'leases', 'manifests', 'running', 'settings', 'status'].map(
        (kind) => `<BucketsState.Arn>/${kind}/*`,
      ),
    );
  });

  it('announces what it has done', () => {
    expect(on('sync', 'events:PutEvents')).toEqual(['<Bus.Arn>']);
    expect(on('sync', 'sqs:SendMessage')).toEqual([
      '<AgentsDeadRequests.Arn>',
      '<NotificationsQueue.Arn>',
    ]);
  });

  it('reaches the bucket of an agent whose cloud folder needs no key', () => {
    const agent = givenAgent('ann', {
      sync: {
        provider: 's3',
        mode: 'mailbox',
        interval: 300,
        remotePath: 'team/ann',
        s3: { bucket: 'the-team', region: 'eu-west-1' },
      },
    });
    const { template: native } = givenDeployment([agent]);
    const objects = 'arn:<AWS::Partition>:s3:::the-team/team/ann/*';
    expect(allowedOn(native, roles.sync, 's3:DeleteObject')).toEqual([workspaces, objects]);
    expect(allowedOn(native, roles.sync, 's3:PutObject')).toContain(objects);
    expect(allowedOn(native, roles.sync, 's3:GetObject')).toContain(objects);
    const list = statementsOf(native, roles.sync).find(({ Condition }) => Condition);
    expect(list).toMatchObject({
      Action: ['s3:ListBucket'],
      Resource: ['arn:<AWS::Partition>:s3:::the-team'],
      Condition: { StringLikeIfExists: { 's3:prefix': ['team/ann', 'team/ann/*'] } },
    });
    expect(JSON.stringify(statementsOf(native, roles.drain))).not.toContain('the-team');
  });

  it('takes the name of a folder literally', () => {
    const agent = givenAgent('ann', {
      sync: { provider: 's3', mode: 'mailbox', remotePath: 'a*b?', s3: { bucket: 'the-team' } },
    });
    const { template: native } = givenDeployment([agent]);
    expect(allowedOn(native, roles.sync, 's3:DeleteObject')).toEqual([
      workspaces,
      'arn:<AWS::Partition>:s3:::the-team/a${*}b${?}/*',
    ]);
  });

  it.each([
    ['a key', { bucket: 'b', accessKeyId: '${KEY}', secretAccessKey: '${SECRET}' }],
    ['an endpoint', { bucket: 'b', endpoint: 'https://s3.example.com' }],
  ])('gets no right on a bucket that is reached with %s', (_, s3) => {
    const agent = givenAgent('ann', {
      sync: { provider: 's3', mode: 'mailbox', s3 },
    });
    const { template: foreign } = givenDeployment([agent]);
    expect(allowedOn(foreign, roles.sync, 's3:DeleteObject')).toEqual([workspaces]);
  });
});

describe('drain', () => {
  it('deletes exact versions of drops, and is the only one who may', () => {
    expect(on('drain', 's3:DeleteObjectVersion')).toEqual(['<BucketsExchange.Arn>/*/_outbox/*']);
    expect(on('sync', 's3:DeleteObjectVersion')).toEqual([]);
    expect(on('notify', 's3:DeleteObjectVersion')).toEqual([]);
  });

  it('writes into inboxes and into quarantine', () => {
    const written = on('drain', 's3:PutObject').filter((arn) => !arn.includes('State'));
    expect(written).toEqual([
      '<BucketsExchange.Arn>/*/.quarantine/*',
      '<BucketsExchange.Arn>/.links/*/receipts.json',
      '<BucketsExchange.Arn>/.links/*/refused/*',
      '<BucketsWorkspace.Arn>/*/workspace/_inbox/*',
    ]);
  });

  it('reads drops and inboxes, and nothing else of a workspace', () => {
    const read = on('drain', 's3:GetObject').filter((arn) => !arn.includes('State'));
    expect(read).toEqual([
      '<BucketsExchange.Arn>/.links/*/receipts.json',
      '<BucketsWorkspace.Arn>/*/workspace/_inbox/*',
    ]);
    expect(on('drain', 's3:GetObjectVersion')).toEqual(['<BucketsExchange.Arn>/*/_outbox/*']);
  });

  it('reads what a drop link allows, and cannot allow more', () => {
    const state = (action: string): string[] =>
      on('drain', action).filter((arn) => arn.includes('link'));
    expect(state('s3:GetObject')).toContain('<BucketsState.Arn>/links/*');
    expect(state('s3:PutObject')).toContain('<BucketsState.Arn>/link-slots/*');
    expect(state('s3:PutObject')).not.toContain('<BucketsState.Arn>/links/*');
  });

  it('consumes its queue', () => {
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility']) {
      expect(on('drain', `sqs:${action}`)).toEqual(['<AgentsDropsQueue.Arn>']);
    }
  });
});

describe('notify', () => {
  it('sees its own memory and no file', () => {
    expect(on('notify', 's3:GetObject')).toEqual(['<BucketsState.Arn>/notifications/*']);
    expect(on('notify', 's3:PutObject')).toEqual(['<BucketsState.Arn>/notifications/*']);
    expect(on('notify', 's3:ListBucket')).toEqual(['<BucketsState.Arn>']);
  });

  it('consumes its queue and puts aside what it may not retry', () => {
    expect(on('notify', 'sqs:ChangeMessageVisibility')).toEqual(['<NotificationsQueue.Arn>']);
    expect(on('notify', 'sqs:SendMessage')).toEqual(['<NotificationsDead.Arn>']);
  });
});

describe('the scheduler', () => {
  it('starts the functions that have schedules and one queue, for its own group', () => {
    expect(allowedOn(template, 'AgentsSchedulerRole', 'lambda:InvokeFunction')).toEqual([
      '<AgentsBackupFunction.Arn>',
      '<AgentsStatusFunction.Arn>',
      '<AgentsSyncFunction.Arn>',
      '<AgentsVerifyFunction.Arn>',
    ]);
    expect(allowedOn(template, 'AgentsSchedulerRole', 'sqs:SendMessage')).toEqual([
      '<AgentsDropsQueue.Arn>',
      '<AgentsSchedulerDead.Arn>',
    ]);
    const trust = resources(template, 'AWS::IAM::Role', 'AgentsSchedulerRole')[0]?.Properties;
    const condition = JSON.stringify(trust?.['AssumeRolePolicyDocument']);
    expect(condition).toContain('"aws:SourceArn":{"Fn::GetAtt":["ScheduleGroup","Arn"]}');
    expect(condition).toContain('"aws:SourceAccount":{"Ref":"AWS::AccountId"}');
  });
});

describe('queues', () => {
  it.each(resources(template, 'AWS::SQS::Queue'))('are encrypted', ({ Properties }) => {
    expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
  });

  it('refuse requests without TLS', () => {
    const policies = resources(template, 'AWS::SQS::QueuePolicy').map(({ Properties }) =>
      JSON.stringify(Properties),
    );
    expect(policies).toHaveLength(resources(template, 'AWS::SQS::Queue').length);
    for (const policy of policies) {
      expect(policy).toContain('{"Bool":{"aws:SecureTransport":"false"}}');
      expect(policy).toContain('"Effect":"Deny"');
    }
  });
});

describe('secrets', () => {
  it('stand neither in the template nor by reference', () => {
    const webhook = {
      url: 'https://gateway.example/hooks',
      token: '${HOOK_TOKEN}',
      agentId: 'ann',
    };
    const { template: told } = givenDeployment([givenAgent('ann', { webhook })]);
    const text = JSON.stringify(told.toJSON());
    for (const trace of ['DROPBOX_TOKEN', 'HOOK_TOKEN', 'gateway.example']) {
      expect(text).not.toContain(trace);
    }
  });

  it('have a prefix that the operator can read from the stack', () => {
    expect(readable(template.findOutputs('SecretPrefix')['SecretPrefix']?.['Value'])).toBe(
      'workspace-sync/home/',
    );
  });
});
