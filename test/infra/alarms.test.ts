import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { alarmMetrics } from '../../functions/shared/cost/standing.ts';
import { runbookAnchors, runbookFile } from '../../functions/shared/contract/index.ts';
import {
  hoursOfSilence,
  hoursWithoutBackup,
  oldestVerified,
} from '../../functions/shared/config/patience.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  givenEfsAgent,
  resource,
  resources,
  templatesOf,
} from './fixtures.ts';
import { readable } from './policies.ts';

const { template } = givenDeployment([givenBackedUpAgent('ann')], {
  alarmEmail: 'ops@example.com',
  monthlyCap: 5,
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
    expect(properties['AlarmDescription']).toContain('ends minutes later, mended or not');
    expect(properties).toMatchObject({
      Period: 300,
      EvaluationPeriods: 1,
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

  it.each([
    ['a week, a day and another day', {}, 9],
    ['the intervals that there are', { interval: 3600, verifyInterval: 7200 }, 1 + 3 / 24],
  ])('take for too long without a verification %s', (_, backup, days) => {
    expect(oldestVerified(givenBackedUpAgent('ann', backup))).toBe(days * 24 * 3600);
  });

  it('do not wait for a verification that no schedule asks for', () => {
    expect(oldestVerified(givenBackedUpAgent('ann', { verifyInterval: 0 }))).toBeUndefined();
    expect(oldestVerified(givenAgent('ann'))).toBeUndefined();
  });

  it('ring when the newest verified snapshot is too old, and not when nobody has looked', () => {
    const properties = alarm('AgentannAlarmsVerifiedTooOld');
    expect(properties['AlarmDescription']).toContain(
      'The newest snapshot of agent ann that passed a verification is more than 216 h old',
    );
    expect(properties).toMatchObject({
      Namespace: 'WorkspaceSync',
      MetricName: 'SnapshotVerifiedAge',
      Dimensions: [
        { Name: 'Agent', Value: 'ann' },
        { Name: 'Deployment', Value: 'home' },
      ],
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 9 * 24 * 3600,
      TreatMissingData: 'ignore',
    });
  });

  it('ring when a webhook has not taken notifications for an hour', () => {
    expect(alarm('WebhooksFailing')).toMatchObject({
      MetricName: 'NotificationDelayed',
      Dimensions: [{ Name: 'Deployment', Value: 'home' }],
      Period: 1200,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  it('ring when the two busiest functions are throttled for a quarter of an hour', () => {
    const properties = alarm('AgentsThrottles');
    expect(properties).toMatchObject({ EvaluationPeriods: 3, Threshold: 1 });
    const queries = properties['Metrics'] as {
      Expression?: string;
      MetricStat?: { Metric: { MetricName: string; Dimensions: { Value: unknown }[] } };
    }[];
    const measured = queries.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
    expect(measured.map(({ MetricName }) => MetricName)).toEqual(['Throttles', 'Throttles']);
    expect(measured.map(({ Dimensions: [of] }) => readable(of?.Value)).sort()).toEqual([
      '<AgentsDrainFunction>',
      '<AgentsSyncFunction>',
    ]);
    expect(queries.flatMap(({ Expression }) => Expression ?? [])).toEqual(['sync + drain']);
  });

  it('ring while a deployment with a cap is paused, and there is none without a cap', () => {
    expect(alarm('Paused')).toMatchObject({
      MetricName: 'Paused',
      Dimensions: [{ Name: 'Deployment', Value: 'home' }],
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
    expect(alarm('Paused')['AlarmDescription']).toContain('cap of $5,');
    const { template: free } = givenDeployment([givenAgent('ann')]);
    expect(resources(free, 'AWS::CloudWatch::Alarm', 'Paused')).toEqual([]);
  });

  it('are three per agent at most for its syncs and five for its snapshots', () => {
    const count = (sync: object, backup: object = {}): number => {
      const { template: one } = givenDeployment([givenAgent('ann', { sync, backup })]);
      return resources(one, 'AWS::CloudWatch::Alarm', 'Agentann').length;
    };
    expect(count({ ...dropbox, interval: 300 })).toBe(3);
    expect(count({ ...dropbox, interval: 0 })).toBe(2);
    expect(count({ provider: 'off' })).toBe(0);
    expect(count({ provider: 'off' }, { enabled: true })).toBe(5);
    expect(count({ ...dropbox, interval: 300 }, { enabled: true })).toBe(8);
  });

  it('are as many as their cost is computed for', () => {
    const agents = [
      givenBackedUpAgent('ann'),
      givenBackedUpAgent('bob', { verifyInterval: 0 }, { sync: { provider: 'off' } }),
      givenAgent('cid', { sync: { ...dropbox, interval: 0 } }),
      givenEfsAgent('eve'),
    ];
    const { app } = givenDeployment(agents, { monthlyCap: 5 });
    const watched = [...templatesOf(app).values()]
      .flatMap(({ Resources }) => Object.values(Resources))
      .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => {
        const queries = Properties['Metrics'] as { MetricStat?: object }[] | undefined;
        return queries?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
      });
    const expected = alarmMetrics({ agents, dashboard: true, monthlyCap: 5 });
    expect(watched.reduce((sum, count) => sum + count, 0)).toBe(expected);
  });

  it('are all announced, when they ring and when it is over', () => {
    for (const { Properties } of resources(template, 'AWS::CloudWatch::Alarm')) {
      expect((Properties['AlarmActions'] as unknown[]).map(readable)).toEqual(['<AlarmsTopic>']);
      expect((Properties['OKActions'] as unknown[]).map(readable)).toEqual(['<AlarmsTopic>']);
    }
  });
});

/** The anchor that GitHub gives to a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

/** Headings of a page, without the lines of its code that look like some. */
function headings(page: string): string[] {
  const prose = page.replace(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
}

describe('the runbook', () => {
  const root = new URL('../../', import.meta.url);
  const anchors = headings(readFileSync(fileURLToPath(new URL(runbookFile, root)), 'utf8')).map(
    slug,
  );
  const linked = (of: typeof template): string[] =>
    resources(of, 'AWS::CloudWatch::Alarm').map(({ Properties }) => {
      const text = readable(Properties['AlarmDescription']);
      return /What to do: (\S+)$/.exec(text)?.[1] ?? `no link in: ${text}`;
    });

  it('has a heading for every anchor that is pointed to', () => {
    expect(anchors).toEqual(expect.arrayContaining(Object.values(runbookAnchors)));
    expect(new Set(anchors).size).toBe(anchors.length);
  });

  it('is where every alarm ends', () => {
    const known: string[] = Object.values(runbookAnchors);
    for (const link of linked(template)) {
      const [file, anchor = ''] = link.split('#');
      expect(file).toBe('docs/runbook.md');
      expect(known).toContain(anchor);
    }
    expect(new Set(linked(template)).size).toBe(known.length - 1);
  });

  it('may be a copy of the operator’s', () => {
    const runbookUrl = 'https://example.com/ops/runbook.md';
    const { template: other } = givenDeployment([givenBackedUpAgent('ann')], { runbookUrl });
    for (const link of linked(other))
      expect(link).toMatch(/^https:\/\/example\.com\/ops\/runbook\.md#/);
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
