import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

  it.each(Object.entries(deployments))('has nothing to say about %s', (_, agents) => {
    const { app } = givenDeployment(agents);
    const files = [...templatesOf(app)].map(([name, template]) => {
      const file = join(folder, `${name}.template.json`);
      writeFileSync(file, JSON.stringify(template));
      return file;
    });
    // W3005 takes a dependency for superfluous that the library states to be sure.
    const lint = spawnSync(linter ?? '', ['--ignore-checks', 'W3005', '--', ...files]);
    expect(lint.output.join('')).toBe('');
    expect(lint.status).toBe(0);
  });
});
