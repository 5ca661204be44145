import { describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  resource,
  resources,
} from './fixtures.ts';
import { readable } from './policies.ts';

const { template } = givenDeployment([givenAgent('ann'), givenAgent('bob'), givenAgent('cy')]);

interface Target {
  Arn: unknown;
  Input: string;
  RetryPolicy: Record<string, number>;
  DeadLetterConfig: { Arn: unknown };
}

const targetOf = (properties: Record<string, unknown>): Target => properties['Target'] as Target;

function scheduleOf(agent: AgentConfig): Record<string, unknown> | undefined {
  const { template: one } = givenDeployment([agent]);
  return resources(one, 'AWS::Scheduler::Schedule', 'Agentann')[0]?.Properties;
}

const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${T}' } };

describe('schedules', () => {
  it('stand in a group of the deployment', () => {
    expect(resource(template, 'AWS::Scheduler::ScheduleGroup').Properties).toEqual({
      Name: 'workspace-sync-home',
    });
    for (const { Properties } of resources(template, 'AWS::Scheduler::Schedule')) {
      expect(Properties).toMatchObject({
        GroupName: { Ref: 'ScheduleGroup' },
        FlexibleTimeWindow: { Mode: 'OFF' },
      });
    }
  });

  it.each(['ann', 'bob', 'cy'])('ask for a sync of %s and of nobody else', (agent) => {
    const { Properties } = resource(template, 'AWS::Scheduler::Schedule', `Agent${agent}`);
    const target = targetOf(Properties);
    expect(readable(target.Arn)).toBe('<AgentsSyncFunction.Arn>');
    expect(JSON.parse(target.Input)).toEqual({ job: 'sync', agent, trigger: 'schedule' });
    expect(readable(target.DeadLetterConfig.Arn)).toBe('<AgentsSchedulerDead.Arn>');
  });

  it.each([
    [60, 'rate(1 minute)', 60],
    [300, 'rate(5 minutes)', 300],
    [61, 'rate(2 minutes)', 120],
    [86_400, 'rate(1440 minutes)', 3600],
  ])('of %i s are %s, and give up after %i s', (interval, rate, age) => {
    const properties = scheduleOf(givenAgent('ann', { sync: { ...dropbox, interval } })) ?? {};
    expect(properties['ScheduleExpression']).toBe(rate);
    expect(targetOf(properties).RetryPolicy).toEqual({
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: age,
    });
  });

  it.each([
    ['that syncs by hand', { ...dropbox, interval: 0 }],
    ['without a cloud folder', { provider: 'off', interval: 300 }],
  ])('are not made for an agent %s', (_, sync) => {
    expect(scheduleOf(givenAgent('ann', { sync }))).toBeUndefined();
  });

  it.each([
    ['Backup', { interval: 86_400 }, 'rate(1440 minutes)', 3600],
    ['Backup', { interval: 301 }, 'rate(6 minutes)', 360],
    ['Verification', {}, 'rate(10080 minutes)', 3600],
    ['Verification', { verifyInterval: 3600 }, 'rate(60 minutes)', 3600],
  ])('take and check snapshots: %s with %j at %s', (id, backup, rate, age) => {
    const { template: one } = givenDeployment([givenBackedUpAgent('ann', backup)]);
    const { Properties } = resource(one, 'AWS::Scheduler::Schedule', `Agentann${id}`);
    const job = id === 'Backup' ? 'backup' : 'verify';
    const target = targetOf(Properties);
    expect(Properties['ScheduleExpression']).toBe(rate);
    expect(readable(target.Arn)).toBe(
      id === 'Backup' ? '<AgentsBackupFunction.Arn>' : '<AgentsVerifyFunction.Arn>',
    );
    expect(JSON.parse(target.Input)).toEqual({ job, agent: 'ann', trigger: 'schedule' });
    expect(target.RetryPolicy).toMatchObject({ MaximumEventAgeInSeconds: age });
  });

  it('are not made for snapshots that nobody asked for', () => {
    const count = (agent: AgentConfig): number => {
      const { template: one } = givenDeployment([agent]);
      return resources(one, 'AWS::Scheduler::Schedule', 'Agentann').length;
    };
    expect(count(givenBackedUpAgent('ann'))).toBe(3);
    expect(count(givenBackedUpAgent('ann', { verifyInterval: 0 }))).toBe(2);
    expect(count(givenBackedUpAgent('ann', { enabled: false }))).toBe(1);
  });

  it('look for lost drops every five minutes, through the queue', () => {
    const { Properties } = resource(template, 'AWS::Scheduler::Schedule', 'AgentsSweep');
    const target = targetOf(Properties);
    expect(Properties['ScheduleExpression']).toBe('rate(5 minutes)');
    expect(readable(target.Arn)).toBe('<AgentsDropsQueue.Arn>');
    expect(JSON.parse(target.Input)).toEqual({ sweep: true });
    expect(readable(target.DeadLetterConfig.Arn)).toBe('<AgentsSchedulerDead.Arn>');
  });
});

describe('drops', () => {
  it('are taken from outboxes of the exchange bucket to the queue', () => {
    const { Properties } = resource(template, 'AWS::Events::Rule', 'AgentsIntake');
    expect(Properties).not.toHaveProperty('EventBusName');
    expect(Properties['EventPattern']).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: expect.stringMatching(/^BucketsExchange/) as unknown }] },
        object: { key: [{ wildcard: '*/_outbox/*' }] },
      },
    });
    const [target] = Properties['Targets'] as Record<string, unknown>[];
    expect(readable(target?.['Arn'])).toBe('<AgentsDropsQueue.Arn>');
    expect(target).not.toHaveProperty('InputTransformer');
    expect(readable((target?.['DeadLetterConfig'] as Target).Arn)).toBe('<AgentsDropsDead.Arn>');
  });

  it('wait in a queue that outlasts the drain and gives up after twenty tries', () => {
    const { Properties } = resource(template, 'AWS::SQS::Queue', 'AgentsDropsQueue');
    const drain = resource(template, 'AWS::Lambda::Function', 'AgentsDrain').Properties;
    expect(Properties['VisibilityTimeout']).toBe((drain['Timeout'] as number) + 60);
    expect(Properties['RedrivePolicy']).toMatchObject({ maxReceiveCount: 20 });
    const dead = resource(template, 'AWS::SQS::Queue', 'AgentsDropsDead').Properties;
    expect(dead['MessageRetentionPeriod']).toBe(14 * 24 * 3600);
  });

  it.each([
    ['AgentsIntake', '<AgentsDropsQueue.Arn>', 10],
    ['Webhooks', '<NotificationsQueue.Arn>', 2],
  ])('%s consumes %s in small batches that fail by the message', (id, queue, concurrency) => {
    const { Properties } = resource(template, 'AWS::Lambda::EventSourceMapping', id);
    expect(readable(Properties['EventSourceArn'])).toBe(queue);
    expect(Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: concurrency },
    });
    expect(Properties).not.toHaveProperty('MaximumBatchingWindowInSeconds');
  });
});

describe('notifications', () => {
  it('may wait for a gateway for days', () => {
    const { Properties } = resource(template, 'AWS::SQS::Queue', 'NotificationsQueue');
    expect(Properties).toMatchObject({
      VisibilityTimeout: 120,
      MessageRetentionPeriod: 4 * 24 * 3600,
      RedrivePolicy: { maxReceiveCount: 100 },
    });
    const dead = resource(template, 'AWS::SQS::Queue', 'NotificationsDead').Properties;
    expect(dead['MessageRetentionPeriod']).toBe(14 * 24 * 3600);
  });
});

describe('events on the bus', () => {
  it('have a bus of the deployment', () => {
    expect(resource(template, 'AWS::Events::EventBus').Properties).toMatchObject({
      Name: 'workspace-sync-home',
    });
  });

  it.each([
    [
      'AgentsRequestsSession',
      'Sync',
      { source: ['openclaw.gateway'], 'detail-type': ['Session Started', 'Session Ended'] },
    ],
    ...['Sync', 'Backup', 'Verify', 'Restore', 'Prune'].map((job): [string, string, object] => [
      `AgentsRequests${job}Continuation`,
      job,
      {
        source: ['workspace-sync'],
        'detail-type': ['Run Continuation Requested'],
        detail: { job: [job.toLowerCase()] },
      },
    ]),
  ])('%s starts %s with the whole event', (id, job, pattern) => {
    const { Properties } = resource(template, 'AWS::Events::Rule', id);
    expect(readable(Properties['EventBusName'])).toBe('<Bus>');
    expect(Properties['EventPattern']).toEqual(pattern);
    const [target] = Properties['Targets'] as Record<string, unknown>[];
    expect(readable(target?.['Arn'])).toBe(`<Agents${job}Function.Arn>`);
    expect(target?.['RetryPolicy']).toEqual({
      MaximumEventAgeInSeconds: 3600,
      MaximumRetryAttempts: 3,
    });
    expect(readable((target?.['DeadLetterConfig'] as Target).Arn)).toBe('<AgentsDeadRequests.Arn>');
    expect(target).not.toHaveProperty('InputTransformer');
  });

  it('have retention look at an agent that has a new snapshot', () => {
    const { Properties } = resource(template, 'AWS::Events::Rule', 'AgentsRequestsSnapshot');
    expect(Properties['EventPattern']).toEqual({
      source: ['workspace-sync'],
      'detail-type': ['Backup Completed', 'Backup Partially Completed'],
    });
    const [target] = Properties['Targets'] as Record<string, unknown>[];
    expect(readable(target?.['Arn'])).toBe('<AgentsPruneFunction.Arn>');
    const { InputPathsMap, InputTemplate } = target?.['InputTransformer'] as {
      InputPathsMap: Record<string, string>;
      InputTemplate: string;
    };
    const [[name, path] = []] = Object.entries(InputPathsMap);
    expect(path).toBe('$.detail.agent');
    expect(JSON.parse(InputTemplate.replace(`<${name ?? ''}>`, '"ann"'))).toEqual({
      job: 'prune',
      agent: 'ann',
      trigger: 'backup',
    });
  });

  it.each(['Sync', 'Backup', 'Prune', 'Verify', 'Restore'])('may start %s, by any rule', (job) => {
    const { Properties } = resource(
      template,
      'AWS::Lambda::Permission',
      `AgentsRequests${job}Permission`,
    );
    expect(readable(Properties['FunctionName'])).toBe(`<Agents${job}Function.Arn>`);
    expect(Properties).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
    });
    expect(readable(Properties['SourceArn'])).toBe(
      'arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/<Bus>/*',
    );
  });

  it('may leave with the dead what they could not hand over', () => {
    const policy = JSON.stringify(
      resource(template, 'AWS::SQS::QueuePolicy', 'AgentsDeadRequests').Properties,
    );
    expect(policy).toContain('"Action":"sqs:SendMessage"');
    expect(policy).toContain('"Principal":{"Service":"events.amazonaws.com"}');
    expect(policy).toContain('"aws:SourceAccount":{"Ref":"AWS::AccountId"}');
  });
});
