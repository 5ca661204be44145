import { describe, expect, it } from 'vitest';
import { hoursOfSilence, hoursWithoutBackup } from '../../infra/constructs/agent-alarms.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  resource,
  resources,
} from './fixtures.ts';
import { readable } from './policies.ts';

const { template } = givenDeployment([givenBackedUpAgent('ann')], {
  alarmEmail: 'ops@example.com',
});
const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${T}' } };

const alarm = (id: string): Record<string, unknown> =>
  resource(template, 'AWS::CloudWatch::Alarm', id).Properties;

describe('alarms', () => {
  it.each([
    ['AgentsDeadDropsAlarm', '<AgentsDropsDead.QueueName>'],
    ['AgentsDeadSchedulesAlarm', '<AgentsSchedulerDead.QueueName>'],
    ['AgentsDeadRequestsAlarm', '<AgentsDeadRequests.QueueName>'],
    ['WebhooksDeadAlarm', '<NotificationsDead.QueueName>'],
  ])('%s rings on the first dead letter', (id, queue) => {
    const properties = alarm(id);
    expect(properties).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
    const [dimension] = properties['Dimensions'] as { Value: unknown }[];
    expect(readable(dimension?.Value)).toBe(queue);
  });

  it('watch every dead-letter queue', () => {
    const dead = resources(template, 'AWS::SQS::Queue').filter(
      ({ Properties }) => Properties['RedrivePolicy'] === undefined,
    );
    const watched = resources(template, 'AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => Properties['Namespace'] === 'AWS/SQS',
    );
    expect(watched).toHaveLength(dead.length);
  });

  it.each([
    ['Failed', 'sync', 'RunFailed', 'A sync of agent ann failed.'],
    ['Blocked', 'sync', 'RunBlocked', 'blocked a sync of agent ann'],
    ['BackupFailed', 'backup', 'RunFailed', 'there is no new snapshot'],
    ['VerifyFailed', 'verify', 'RunFailed', 'may not restore'],
    ['PruneBlocked', 'prune', 'RunBlocked', 'nothing is pruned until somebody confirms'],
  ])('%s rings for a %s with %s, and says what and where', (id, job, metric, what) => {
    const properties = alarm(`AgentannAlarms${id}`);
    expect(properties['AlarmDescription']).toContain(what);
    expect(properties['AlarmDescription']).toContain(`status/ann/${job}.json in the state bucket`);
    expect(properties).toMatchObject({
      Namespace: 'WorkspaceSync',
      MetricName: metric,
      Dimensions: [
        { Name: 'Agent', Value: 'ann' },
        { Name: 'Deployment', Value: 'home' },
        { Name: 'Job', Value: job },
      ],
      Statistic: 'Sum',
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  it.each([
    ['Silent', 'sync', 1],
    ['BackupSilent', 'backup', 31],
  ])('%s rings when no %s has succeeded for %i hours', (id, job, hours) => {
    const properties = alarm(`AgentannAlarms${id}`);
    expect(properties['Dimensions']).toContainEqual({ Name: 'Job', Value: job });
    expect(properties).toMatchObject({
      MetricName: 'RunSucceeded',
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Period: 3600,
      EvaluationPeriods: hours,
      TreatMissingData: 'breaching',
    });
  });

  it.each([
    ['an hour at least', { interval: 60 }, 1],
    ['three intervals', { interval: 6 * 3600 }, 18],
    ['an interval and a run', { interval: 3600, timeout: 5 * 3600 }, 6],
    ['as long as an alarm can look back', { interval: 5 * 24 * 3600 }, 168],
    ['no time, without a schedule', { interval: 0 }, undefined],
    ['no time, when the interval is a week', { interval: 7 * 24 * 3600 }, undefined],
  ])('take for silence %s', (_, when, hours) => {
    expect(hoursOfSilence(givenAgent('ann', { sync: { ...dropbox, ...when } }))).toBe(hours);
  });

  it.each([
    ['a day, a run and an hour', {}, 31],
    ['a short interval and a long run', { interval: 300 }, 8],
    ['a short interval and a short run', { interval: 300, timeout: 600 }, 2],
    ['as long as an alarm can look back', { interval: 6.9 * 24 * 3600 }, 168],
    ['no time, when the interval is a week', { interval: 7 * 24 * 3600 }, undefined],
  ])('take for silence of backups %s', (_, backup, hours) => {
    expect(hoursWithoutBackup(givenBackedUpAgent('ann', backup))).toBe(hours);
  });

  it('are three per agent at most for its syncs and four for its snapshots', () => {
    const count = (sync: object, backup: object = {}): number => {
      const { template: one } = givenDeployment([givenAgent('ann', { sync, backup })]);
      return resources(one, 'AWS::CloudWatch::Alarm', 'Agentann').length;
    };
    expect(count({ ...dropbox, interval: 300 })).toBe(3);
    expect(count({ ...dropbox, interval: 0 })).toBe(2);
    expect(count({ provider: 'off' })).toBe(0);
    expect(count({ provider: 'off' }, { enabled: true })).toBe(4);
    expect(count({ ...dropbox, interval: 300 }, { enabled: true })).toBe(7);
  });

  it('are all announced, when they ring and when it is over', () => {
    for (const { Properties } of resources(template, 'AWS::CloudWatch::Alarm')) {
      expect((Properties['AlarmActions'] as unknown[]).map(readable)).toEqual(['<AlarmsTopic>']);
      expect((Properties['OKActions'] as unknown[]).map(readable)).toEqual(['<AlarmsTopic>']);
    }
  });
});

describe('the alarm topic', () => {
  it('lets the alarms of this account in, over TLS only', () => {
    const policy = JSON.stringify(resource(template, 'AWS::SNS::TopicPolicy').Properties);
    expect(policy).toContain('"Principal":{"Service":"cloudwatch.amazonaws.com"}');
    expect(policy).toContain('"aws:SourceAccount":{"Ref":"AWS::AccountId"}');
    expect(policy).toContain('{"Bool":{"aws:SecureTransport":"false"}}');
  });

  it('writes to the operator who has an address, and to nobody else', () => {
    expect(resource(template, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    const { template: silent } = givenDeployment([givenAgent('ann')]);
    expect(resources(silent, 'AWS::SNS::Subscription')).toEqual([]);
  });
});
