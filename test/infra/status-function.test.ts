import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { givenAgent, givenDeployment, givenEfsAgent, resource, resources } from './fixtures.ts';
import { allowedOn, readable, statementsOf } from './policies.ts';

const { template } = givenDeployment([givenAgent('ann'), givenAgent('bob')]);
const role = 'AgentsStatusRole';
const on = (action: string, of = template): string[] => allowedOn(of, role, action);

const remote = {
  kind: 'remote',
  rcloneType: 'sftp',
  rcloneOptions: { host: 'gateway.internal', user: 'agent', pass: '${SFTP_PASS}' },
};

describe('the status function', () => {
  it('reads what runs have written down, and no file of anybody', () => {
    expect(on('s3:GetObject')).toEqual([
      '<BucketsState.Arn>/notifications/*',
      '<BucketsState.Arn>/running/*',
      '<BucketsState.Arn>/status/*',
    ]);
    expect(on('s3:ListBucket')).toEqual(['<BucketsState.Arn>']);
  });

  it('writes one file into each workspace, and nothing else anywhere', () => {
    expect(on('s3:PutObject')).toEqual([
      '<BucketsWorkspace.Arn>/*/workspace/.workspace-sync/status.json',
    ]);
    expect(on('s3:DeleteObject')).toEqual([]);
    expect(on('events:PutEvents')).toEqual([]);
  });

  it('counts dead letters, and takes none', () => {
    expect(on('sqs:GetQueueAttributes')).toEqual([
      '<AgentsDeadRequests.Arn>',
      '<AgentsDropsDead.Arn>',
      '<AgentsSchedulerDead.Arn>',
      '<NotificationsDead.Arn>',
    ]);
    const text = JSON.stringify(statementsOf(template, role));
    expect(text).not.toMatch(/sqs:(Receive|Delete|Send)/);
  });

  it('reads no secret but those that open a workspace on another machine', () => {
    expect(JSON.stringify(statementsOf(template, role))).not.toContain('secretsmanager');
    const { template: far } = givenDeployment([givenAgent('ann', { workspace: remote })]);
    expect(on('secretsmanager:GetSecretValue', far)).toEqual([
      expect.stringMatching(/workspace-sync\/home\/\*\/workspace-\?{6}$/),
    ]);
    expect(on('s3:PutObject', far)).toEqual([]);
    const { Properties } = resource(far, 'AWS::Lambda::Function', 'AgentsStatus');
    expect(Properties).toHaveProperty('Layers');
  });

  it('follows the runs in which something happened', () => {
    const { Properties } = resource(template, 'AWS::Events::Rule', 'AgentsStatusFileRuns');
    const some = [{ numeric: ['>', 0] }];
    expect(Properties['EventPattern']).toEqual({
      source: ['workspace-sync'],
      'detail-type': [{ suffix: ' Completed' }, { suffix: ' Blocked' }, { suffix: ' Failed' }],
      detail: {
        $or: [
          { job: [{ 'anything-but': 'sync' }] },
          { state: [{ 'anything-but': 'succeeded' }] },
          { trigger: ['manual'] },
          { filesSent: some },
          { filesReceived: some },
          { filesDeleted: some },
          { filesDelivered: some },
        ],
      },
    });
    expect(readable(Properties['EventBusName'])).toBe('<Bus>');
    const [target] = Properties['Targets'] as { Arn: unknown; DeadLetterConfig?: unknown }[];
    expect(readable(target?.Arn)).toBe('<AgentsStatusFunction.Arn>');
    expect(target).not.toHaveProperty('DeadLetterConfig');
  });

  it('starts every five minutes, also where nothing else has a schedule, and is nobody’s dead letter', () => {
    const [schedule] = resources(template, 'AWS::Scheduler::Schedule', 'AgentsStatusFile');
    expect(schedule?.Properties['ScheduleExpression']).toBe('rate(5 minutes)');
    const target = schedule?.Properties['Target'] as { Arn: unknown; Input: string };
    expect(readable(target.Arn)).toBe('<AgentsStatusFunction.Arn>');
    expect(JSON.parse(target.Input)).toEqual({ refresh: true });
    expect(target).not.toHaveProperty('DeadLetterConfig');
    expect(allowedOn(template, 'AgentsSchedulerRole', 'lambda:InvokeFunction')).toContain(
      '<AgentsStatusFunction.Arn>',
    );
    const byHand = givenDeployment([givenAgent('ann', { sync: { provider: 'off' } })]);
    const refresh = resources(byHand.template, 'AWS::Scheduler::Schedule', 'AgentsStatusFile');
    expect(refresh).toHaveLength(1);
  });

  it('does not repeat what has failed: the next refresh does', () => {
    const { Properties } = resource(template, 'AWS::Lambda::EventInvokeConfig', 'AgentsStatusFile');
    expect(Properties).toMatchObject({ MaximumRetryAttempts: 0 });
    expect(Properties).not.toHaveProperty('DestinationConfig');
  });

  it('writes through the mount where workspaces lie on EFS, and for those alone', () => {
    const { app } = givenDeployment([givenEfsAgent('eve')]);
    const efs = app.node.children.find(
      (child): child is Stack => Stack.isStack(child) && child.stackName.includes('-Efs-'),
    );
    const of = Template.fromStack(efs ?? new Stack());
    const { Properties } = resource(of, 'AWS::Lambda::Function', 'AgentsStatus');
    expect(Properties).toHaveProperty('FileSystemConfigs');
    expect(on('elasticfilesystem:ClientWrite', of)).toHaveLength(1);
    expect(on('s3:PutObject', of)).toEqual([]);
    const { Properties: rule } = resource(of, 'AWS::Events::Rule', 'AgentsStatusFileRuns');
    expect(rule['EventPattern']).toMatchObject({ detail: { agent: ['eve'] } });
  });
});
