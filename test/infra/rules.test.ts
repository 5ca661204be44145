import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  givenEfsAgent,
  templatesOf,
} from './fixtures.ts';

const native = {
  provider: 's3',
  mode: 'mailbox',
  interval: 300,
  remotePath: 'ann',
  s3: { bucket: 'the-team' },
};
const kmsKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const deployments: Record<string, AgentConfig[]> = {
  'one agent': [givenAgent('ann')],
  'an agent with a bucket of its own': [givenAgent('ann', { sync: native })],
  'agents on EFS beside others': [givenAgent('ann'), givenEfsAgent('eve')],
  'an agent with snapshots wherever they can be': [
    givenBackedUpAgent('ann', { encrypt: true, kmsKeyArn }),
    givenAgent('bob', { sync: native, backup: { enabled: true } }),
    givenAgent('cy', { backup: { enabled: true, provider: 's3', bucket: 'vault' } }),
  ],
  'more agents than a stack holds': Array.from({ length: 33 }, (_, index) =>
    givenAgent(`agent-${index}`),
  ),
};

function findings(app: App): string[] {
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath, resourceLogicalId }) =>
      [ruleName, constructPath ?? resourceLogicalId].join(' '),
    ),
  );
}

describe('the AwsSolutions rules', () => {
  it.each(Object.entries(deployments))('have nothing to say about %s', (_, agents) => {
    const { app } = givenDeployment(agents, { alarmEmail: 'ops@example.com' });
    expect(findings(app)).toEqual([]);
  });

  it('speak up where something is left open', () => {
    const app = new App();
    new Bucket(new Stack(app, 'Open'), 'Bucket');
    expect(findings(app)).toContainEqual(expect.stringMatching(/^AwsSolutions-S1 /));
  });
});

/** What the other tests of the infrastructure synthesize, beside the deployments above. */
const others: Record<string, () => ReturnType<typeof givenDeployment>> = {
  'snapshots under a lock': () =>
    givenDeployment([givenBackedUpAgent('ann')], {
      snapshots: { objectLock: { mode: 'governance', days: 30 } },
    }),
  'an agent with a webhook of its own': () =>
    givenDeployment([
      givenAgent('ann', {
        webhook: {
          url: 'https://gateway.example.com/hooks',
          mode: 'wake',
          token: '${HOOKS_TOKEN}',
        },
      }),
    ]),
  'agents on two file systems, and alarms': () =>
    givenDeployment([givenEfsAgent('eve'), givenEfsAgent('eva', 'fsap-0fedcba9876543210')], {
      alarmEmail: 'ops@example.com',
    }),
  'a cap, traces and no dashboard': () =>
    givenDeployment([givenAgent('ann')], { monthlyCap: 5, tracing: true, dashboard: false }),
  'x86_64, on the emulator': () =>
    givenDeployment([givenAgent('ann')], { architecture: Architecture.X86_64, local: true }),
};

describe("the CDK's own validation", () => {
  beforeAll(() => {
    vi.stubEnv('CDK_VALIDATION', 'true');
  });

  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it.each(Object.entries(deployments))('has nothing to say about %s', (_, agents) => {
    expect(() => givenDeployment(agents)).not.toThrow();
  });

  it.each(Object.entries(others))('has nothing to say about %s', (_, given) => {
    expect(given).not.toThrow();
  });

  it('speaks up where a template is wrong', () => {
    const app = new App({ context: cdkJson.context });
    const properties = { Runtime: 'cobol', Role: 'nobody', Code: {} };
    new CfnResource(new Stack(app, 'Wrong'), 'Function', {
      type: 'AWS::Lambda::Function',
      properties,
    });
    expect(() => app.synth()).toThrow(/Role: 'nobody' does not match/);
  });
});

/** cfn-lint of the emulator's tools, or of the machine; it needs no network. */
const linter = [fileURLToPath(new URL('../../.tools/emulator/bin/cfn-lint', import.meta.url))]
  .filter((path) => existsSync(path))
  .concat('cfn-lint')
  .find((command) => spawnSync(command, ['--version']).status === 0);

describe.skipIf(linter === undefined)(`cfn-lint${linter ? '' : ' (not installed)'}`, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'infra-lint-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('has nothing to say about any of the deployments', () => {
    const files = Object.entries(deployments).flatMap(([what, agents]) =>
      [...templatesOf(givenDeployment(agents).app)].map(([name, template]) => {
        const file = join(folder, `${what}, ${name}.template.json`);
        writeFileSync(file, JSON.stringify(template));
        return file;
      }),
    );
    // W3005 takes a dependency for superfluous that the library states to be sure.
    const lint = spawnSync(linter ?? '', ['--ignore-checks', 'W3005', '--', ...files]);
    expect(lint.output.join('')).toBe('');
    expect(lint.status).toBe(0);
  });
});
