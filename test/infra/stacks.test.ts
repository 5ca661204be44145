import fc from 'fast-check';
import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { placeAgents } from '../../infra/placement.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  givenEfsAgent,
  placeholder,
  type Resource,
  resource,
  resources,
  templatesOf,
} from './fixtures.ts';
import { allowedOn, readable, statementsOf } from './policies.ts';

const count = (name: string, length: number): string[] =>
  Array.from({ length }, (_, index) => `${name}-${index}`);

describe('a deployment', () => {
  it('has the outputs that others look up', () => {
    const { template } = givenDeployment([givenAgent('ann')]);
    expect(Object.keys(template.findOutputs('*')).sort()).toEqual([
      'Agents',
      'AlarmTopicArn',
      'BackupFunctionName',
      'DeadDropQueueUrl',
      'DeadNotificationQueueUrl',
      'DeadRequestQueueUrl',
      'DeadScheduleQueueUrl',
      'DrainFunctionName',
      'DropLocation',
      'DropQueueUrl',
      'EventBusName',
      'ExchangeBucketName',
      'ListFunctionName',
      'NotificationQueueUrl',
      'NotifyFunctionName',
      'PruneFunctionName',
      'Release',
      'RestoreFunctionName',
      'ScheduleGroupName',
      'SecretPrefix',
      'SnapshotBucketName',
      'Stacks',
      'StateBucketName',
      'StatusFunctionName',
      'SyncFunctionName',
      'VerifyFunctionName',
      'WorkspaceBucketName',
    ]);
    const location = template.findOutputs('DropLocation')['DropLocation']?.['Value'] as unknown;
    expect(readable(location)).toBe('s3://<BucketsExchange>/<agent>/_outbox/');
  });

  it('has no custom resource and no function but its own', () => {
    const { app } = givenDeployment([givenAgent('ann'), givenEfsAgent('eve')]);
    const all = [...templatesOf(app).values()].flatMap(({ Resources }) => Object.values(Resources));
    const types = all.map(({ Type }) => Type);
    expect(types.filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(17);
  });

  it.each([
    ['four', givenAgent, 4],
    ['eleven with snapshots', (name: string) => givenBackedUpAgent(name), 11],
  ])('adds schedules and alarms for one more agent: %s', (_, given, expected) => {
    const typesWith = (...agents: string[]): string[] => {
      const { template } = givenDeployment(agents.map((name) => given(name)));
      const found = template.toJSON()['Resources'] as Record<string, Resource>;
      return Object.values(found).map(({ Type }) => Type);
    };
    const added = typesWith('ann', 'bob').length - typesWith('ann').length;
    expect(added).toBe(expected);
  });

  it('treats a workspace on another machine like one in the bucket', () => {
    const workspace = {
      kind: 'remote',
      rcloneType: 'sftp',
      rcloneOptions: { host: 'gateway.internal', user: 'agent', pass: '${SFTP_PASS}' },
    };
    const { app, template } = givenDeployment([givenAgent('ann', { workspace })]);
    expect([...templatesOf(app).keys()]).toEqual(['WorkspaceSync-home']);
    expect(resources(template, 'AWS::Scheduler::Schedule', 'Agentann')).toHaveLength(1);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/gateway\.internal|SFTP_PASS/);
  });
});

describe('workspaces on EFS', () => {
  const other = 'fsap-0123456789abcdef1';
  const { app, main, template } = givenDeployment([
    givenAgent('ann'),
    givenEfsAgent('eve'),
    givenEfsAgent('eli'),
    givenEfsAgent('fay', other),
  ]);
  const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child));
  const efs = stacks.filter((stack) => stack.stackName.includes('-Efs-'));
  const [first = main] = efs;
  const shared = Template.fromStack(first);
  const patterns = (of: Template, id: string): string[] =>
    resources(of, 'AWS::Events::Rule', id).map(({ Properties }) =>
      JSON.stringify(Properties['EventPattern']),
    );

  it('have functions for each access point', () => {
    expect(efs).toHaveLength(2);
    for (const stack of efs) {
      expect(resources(Template.fromStack(stack), 'AWS::Lambda::Function')).toHaveLength(8);
    }
  });

  const mounting = ['AgentsSync', 'AgentsDrain', 'AgentsBackup', 'AgentsRestore'];

  it.each(mounting)('are mounted by %s in their own network', (id) => {
    expect(resource(shared, 'AWS::Lambda::Function', id).Properties).toMatchObject({
      FileSystemConfigs: [
        {
          Arn: expect.stringMatching(/access-point\/fsap-0123456789abcdef0$/) as unknown,
          LocalMountPath: '/mnt/workspace',
        },
      ],
      VpcConfig: {
        SubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        SecurityGroupIds: ['sg-0123456789abcdef0'],
      },
    });
  });

  it.each(['AgentsPrune', 'AgentsVerify', 'AgentsList'])('are not mounted by %s', (id) => {
    const { Properties } = resource(shared, 'AWS::Lambda::Function', id);
    expect(Properties).not.toHaveProperty('FileSystemConfigs');
    expect(Properties).not.toHaveProperty('VpcConfig');
    expect(allowedOn(shared, `${id}Role`, 'elasticfilesystem:ClientMount')).toEqual([]);
  });

  it('are read by backups and written by the others', () => {
    const writing = mounting.filter(
      (id) => allowedOn(shared, `${id}Role`, 'elasticfilesystem:ClientWrite').length > 0,
    );
    expect(writing).toEqual(['AgentsSync', 'AgentsDrain', 'AgentsRestore']);
  });

  it('have functions whose logs are told from others', () => {
    const names = [template, ...efs.map((stack) => Template.fromStack(stack))].flatMap((of) =>
      resources(of, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties['LogGroupName']),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('may be mounted by no other role', () => {
    const mount = 'elasticfilesystem:ClientMount';
    expect(allowedOn(shared, 'AgentsSyncRole', mount)).toEqual([
      'arn:<AWS::Partition>:elasticfilesystem:<AWS::Region>:<AWS::AccountId>:file-system/fs-0123456789abcdef0',
    ]);
    const statement = statementsOf(shared, 'AgentsSyncRole').find(({ Action }) =>
      Action.includes(mount),
    );
    expect(statement?.Condition).toEqual({
      StringEquals: {
        'elasticfilesystem:AccessPointArn': expect.stringMatching(
          /fsap-0123456789abcdef0$/,
        ) as unknown,
      },
    });
    expect(allowedOn(template, 'AgentsSyncRole', mount)).toEqual([]);
  });

  it('change nothing of a network that is not ours', () => {
    for (const stack of efs) {
      expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('AWS::EC2::');
    }
  });

  it('have drops, sessions and continuations of their own agents', () => {
    expect(patterns(shared, 'AgentsIntake')).toEqual([
      expect.stringContaining('[{"prefix":"eve/_outbox/"},{"prefix":"eli/_outbox/"}]'),
    ]);
    for (const pattern of patterns(shared, 'AgentsRequests')) {
      expect(pattern).toContain('"agent":["eve","eli"]');
    }
    expect(patterns(template, 'AgentsIntake')).toEqual([
      expect.stringContaining('[{"prefix":"ann/_outbox/"}]'),
    ]);
    for (const pattern of patterns(template, 'AgentsRequests')) {
      expect(pattern).toContain('"agent":["ann"]');
    }
  });

  it('have schedules that start their own function', () => {
    for (const [of, agent] of [
      [shared, 'eve'],
      [template, 'ann'],
    ] as const) {
      const { Properties } = resource(of, 'AWS::Scheduler::Schedule', `Agent${agent}Sync`);
      const { Arn } = Properties['Target'] as { Arn: unknown };
      expect(readable(Arn)).toBe('<AgentsSyncFunction.Arn>');
    }
  });

  it('are all that a deployment has, if need be', () => {
    const { template: bare } = givenDeployment([givenEfsAgent('eve')]);
    expect(resources(bare, 'AWS::Events::Rule')).toEqual([]);
  });

  it('are known to their own functions only', () => {
    const known: Record<string, string[]> = {};
    givenDeployment([givenAgent('ann'), givenEfsAgent('eve')], {
      code: (name, agents) => {
        known[name] = [...(known[name] ?? []), agents.map((agent) => agent.name).join()];
        return placeholder;
      },
    });
    const { notify, ...others } = known;
    expect(notify).toEqual(['ann,eve']);
    expect(Object.keys(others)).toHaveLength(8);
    for (const sets of Object.values(others)) expect(sets).toEqual(['ann', 'eve']);
  });
});

describe('many agents', () => {
  it('never fill a stack, and every agent is in exactly one', () => {
    const names = count('agent', 300);
    const { app, template } = givenDeployment(names.map((name) => givenBackedUpAgent(name)));
    const stacks = templatesOf(app);
    const seen: string[] = [];
    for (const { Resources } of stacks.values()) {
      const all = Object.values(Resources);
      expect(all.length).toBeLessThan(500);
      for (const { Type, Properties } of all) {
        if (Type !== 'AWS::Scheduler::Schedule') continue;
        const { agent, job } = JSON.parse((Properties['Target'] as { Input: string }).Input) as {
          agent?: string;
          job?: string;
        };
        if (agent !== undefined && job === 'sync') seen.push(agent);
      }
    }
    expect(seen.sort()).toEqual([...names].sort());
    expect(template.findOutputs('Stacks')['Stacks']?.['Value']).toBe([...stacks.keys()].join(','));
  });

  it('on EFS are named by as many rules as patterns of 2,048 characters need', () => {
    const names = count('an-agent-with-quite-a-long-name', 120);
    const { app } = givenDeployment(names.map((name) => givenEfsAgent(name)));
    const [efs] = app.node.children.filter(
      (child): child is Stack => Stack.isStack(child) && child.stackName.includes('-Efs-'),
    );
    const rules = resources(Template.fromStack(efs ?? new Stack()), 'AWS::Events::Rule');
    const patterns = rules.map(({ Properties }) => JSON.stringify(Properties['EventPattern']));
    for (const pattern of patterns) expect(pattern.length).toBeLessThan(1900);
    for (const name of names) {
      expect(patterns.filter((text) => text.includes(`"${name}/_outbox/"`))).toHaveLength(1);
      expect(patterns.filter((text) => text.includes(`"${name}"`))).toHaveLength(8);
    }
  });
});

describe('many agents behind one access point', () => {
  const longName = (index: number): string => `${index}`.padEnd(63, 'x');
  const { app } = givenDeployment(
    Array.from({ length: 300 }, (_, index) =>
      givenEfsAgent(longName(index), undefined, { backup: { enabled: true, provider: 's3' } }),
    ),
  );
  const stacks = templatesOf(app);

  it('never fill a stack, long as their names may be', () => {
    for (const { Resources } of stacks.values()) {
      expect(Object.keys(Resources).length).toBeLessThan(500);
    }
  });

  it('leave policies of queues as short as SQS takes them, whatever the bus starts', () => {
    const all = [...stacks.values()].flatMap(({ Resources }) => Object.entries(Resources));
    const [policy] = all.filter(([id]) => id.startsWith('AgentsDeadRequestsPolicy')).slice(-1);
    const { PolicyDocument } = (policy?.[1].Properties ?? {}) as {
      PolicyDocument: { Statement: unknown[] };
    };
    expect(PolicyDocument.Statement).toHaveLength(2);
  });
});

describe('placement', () => {
  const named = (names: string[]): { name: string }[] => names.map((name) => ({ name }));
  const placesOf = (names: string[], capacity: number): Map<string, string> =>
    new Map(
      [...placeAgents(named(names), capacity)].flatMap(([stack, agents]) =>
        agents.map(({ name }): [string, string] => [name, stack]),
      ),
    );
  const someNames = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/), {
    minLength: 1,
    maxLength: 60,
  });

  it('puts every agent into one stack, none of them too full', () => {
    fc.assert(
      fc.property(someNames, fc.integer({ min: 1, max: 9 }), (names, capacity) => {
        const placed = [...placeAgents(named(names), capacity).values()];
        expect(
          placed
            .flat()
            .map(({ name }) => name)
            .sort(),
        ).toEqual([...names].sort());
        expect(Math.max(...placed.map((agents) => agents.length))).toBeLessThanOrEqual(capacity);
      }),
    );
  });

  it('keeps every stack, and moves agents out of one stack at most, when an agent is added', () => {
    fc.assert(
      fc.property(someNames, fc.integer({ min: 1, max: 9 }), (names, capacity) => {
        const before = placesOf(names.slice(1), capacity);
        const after = placesOf(names, capacity);
        const moved = [...before].filter(([name, stack]) => after.get(name) !== stack);
        expect(new Set(moved.map(([, stack]) => stack)).size).toBeLessThanOrEqual(1);
        const stacks = [...placeAgents(named(names), capacity).keys()];
        for (const stack of placeAgents(named(names.slice(1)), capacity).keys()) {
          expect(stacks).toContain(stack);
        }
      }),
    );
  });
});
