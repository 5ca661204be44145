import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { environment } from '../../functions/shared/contract/index.ts';
import { givenAgent, givenDeployment, givenFile, resource, resources } from './fixtures.ts';
import { readable } from './policies.ts';

const { template } = givenDeployment([givenAgent('ann'), givenAgent('bob')]);
const jobs = ['Sync', 'Drain', 'Backup', 'Prune', 'Verify', 'Restore', 'List', 'Status'].map(
  (job) => `Agents${job}`,
);
const functions = [...jobs, 'WebhooksNotify'];

const propertiesOf = (id: string): Record<string, unknown> =>
  resource(template, 'AWS::Lambda::Function', id).Properties;

function environmentOf(id: string): Record<string, string> {
  const { Variables } = propertiesOf(id)['Environment'] as { Variables: Record<string, unknown> };
  return Object.fromEntries(Object.entries(Variables).map(([key, text]) => [key, readable(text)]));
}

describe('functions', () => {
  it('are one per job, however many agents there are', () => {
    expect(resources(template, 'AWS::Lambda::Function')).toHaveLength(9);
  });

  it.each(functions)('%s runs on Node 24 and arm64', (id) => {
    expect(propertiesOf(id)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
  });

  it('run on x86_64 when asked to', () => {
    const { template: intel } = givenDeployment([givenAgent('ann')], {
      architecture: Architecture.X86_64,
    });
    for (const { Properties } of resources(intel, 'AWS::Lambda::Function')) {
      expect(Properties['Architectures']).toEqual(['x86_64']);
    }
  });

  it.each([
    ['AgentsSync', 900, 1024],
    ['AgentsDrain', 900, 1024],
    ['AgentsBackup', 900, 1769],
    ['AgentsPrune', 900, 512],
    ['AgentsVerify', 900, 1769],
    ['AgentsRestore', 900, 1769],
    ['AgentsList', 120, 512],
    ['AgentsStatus', 240, 512],
    ['WebhooksNotify', 60, 256],
  ])('%s has %i s and %i MB, and is told its time', (id, timeout, memory) => {
    expect(propertiesOf(id)).toMatchObject({ Timeout: timeout, MemorySize: memory });
    expect(environmentOf(id)).toHaveProperty(environment.functionTimeoutSeconds, String(timeout));
  });

  it('have a role each', () => {
    const roles = functions.map((id) => readable(propertiesOf(id)['Role']));
    expect(roles).toEqual(functions.map((id) => `<${id}Role.Arn>`));
  });

  it.each(functions)('%s logs to a group of its own for a month', (id) => {
    expect(propertiesOf(id)['LoggingConfig']).toMatchObject({
      LogGroup: { Ref: expect.stringMatching(`^${id}Logs`) as unknown },
    });
    const group = resource(template, 'AWS::Logs::LogGroup', id);
    expect(group).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
    expect(group.Properties['LogGroupName']).toMatch(
      /^\/workspace-sync\/home\/(sync|drain|backup|prune|verify|restore|list|status|notify)$/,
    );
  });

  it('that move files are told everything they need, and nothing secret', () => {
    expect(environmentOf('AgentsDrain')).toEqual({
      [environment.deployment]: 'home',
      [environment.workspaceBucket]: '<BucketsWorkspace>',
      [environment.exchangeBucket]: '<BucketsExchange>',
      [environment.stateBucket]: '<BucketsState>',
      [environment.eventBus]: '<Bus>',
      [environment.s3Provider]: 'AWS',
      [environment.functionTimeoutSeconds]: '900',
      [environment.notificationQueue]: '<NotificationsQueue>',
      [environment.dropQueue]: '<AgentsDropsQueue>',
    });
  });

  it('that deal with snapshots are told where they are, and nothing secret', () => {
    for (const job of ['Backup', 'Prune', 'Verify', 'Restore', 'List']) {
      expect(environmentOf(`Agents${job}`)).toEqual({
        [environment.deployment]: 'home',
        [environment.workspaceBucket]: '<BucketsWorkspace>',
        [environment.snapshotBucket]: '<BucketsSnapshots>',
        [environment.stateBucket]: '<BucketsState>',
        [environment.eventBus]: '<Bus>',
        [environment.s3Provider]: 'AWS',
        [environment.functionTimeoutSeconds]: job === 'List' ? '120' : '900',
      });
    }
  });

  it('that notify are told nothing of workspaces and drops', () => {
    expect(environmentOf('WebhooksNotify')).toEqual({
      [environment.deployment]: 'home',
      [environment.stateBucket]: '<BucketsState>',
      [environment.functionTimeoutSeconds]: '60',
      [environment.notificationQueue]: '<NotificationsQueue>',
      [environment.deadNotificationQueue]: '<NotificationsDead>',
    });
  });

  it('get the emulator’s kind of S3 and no other difference when local', () => {
    const { template: local } = givenDeployment([givenAgent('ann')], { local: true });
    const { template: cloud } = givenDeployment([givenAgent('ann')]);
    const here = JSON.stringify(local.toJSON());
    expect(here).toContain('"S3_PROVIDER":"Other"');
    expect(here.replaceAll('"S3_PROVIDER":"Other"', '"S3_PROVIDER":"AWS"')).toBe(
      JSON.stringify(cloud.toJSON()),
    );
  });

  it.each(['Sync', 'Backup', 'Prune', 'Verify', 'Restore'])(
    'keep what killed a %s, and do not repeat it',
    (job) => {
      const id = `AgentsRequests${job}Failures`;
      const { Properties } = resource(template, 'AWS::Lambda::EventInvokeConfig', id);
      expect(Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600 });
      expect(readable(Properties['FunctionName'])).toBe(`<Agents${job}Function>`);
      const { OnFailure } = Properties['DestinationConfig'] as {
        OnFailure: { Destination: unknown };
      };
      expect(readable(OnFailure.Destination)).toBe('<AgentsDeadRequests.Arn>');
    },
  );
});

describe('the rclone layer', () => {
  it('is the one that the operator names', () => {
    expect(resources(template, 'AWS::Lambda::LayerVersion')).toEqual([]);
    for (const id of jobs.filter((name) => name !== 'AgentsStatus')) {
      expect(propertiesOf(id)['Layers']).toEqual([
        'arn:aws:lambda:eu-west-1:111122223333:layer:rclone:7',
      ]);
    }
    expect(propertiesOf('WebhooksNotify')).not.toHaveProperty('Layers');
  });

  it('is built for the architecture otherwise', () => {
    const { path, remove } = givenFile('layer.zip', 'not looked into');
    const asked: string[] = [];
    const { template: built } = givenDeployment([givenAgent('ann')], {
      architecture: Architecture.X86_64,
      rclone: {
        zip: (architecture) => {
          asked.push(architecture);
          return path;
        },
      },
    });
    remove();
    expect(asked).toEqual(['x86_64']);
    expect(resource(built, 'AWS::Lambda::LayerVersion').Properties).toMatchObject({
      CompatibleArchitectures: ['x86_64'],
      LicenseInfo: 'MIT',
    });
  });
});
