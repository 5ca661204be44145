import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Architecture, Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll } from 'vitest';
import {
  type AgentConfig,
  type DeploymentConfig,
  parseAgentConfig,
} from '../../functions/shared/config/index.ts';
import { runbookFile } from '../../functions/shared/contract/index.ts';
import { defineDeployment } from '../../infra/deployment.ts';
import type { BuildOptions, WorkspaceSyncStack } from '../../infra/stacks/workspace-sync-stack.ts';
import cdkJson from '../../cdk.json' with { type: 'json' };

/** A resource as it stands in a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

/** An agent whose workspace is pushed to Dropbox every five minutes, unless said otherwise. */
export function givenAgent(name: string, changes: Record<string, unknown> = {}): AgentConfig {
  return parseAgentConfig({
    name,
    sync: {
      provider: 'dropbox',
      mode: 'mailbox',
      interval: 300,
      dropbox: { token: '${DROPBOX_TOKEN}' },
    },
    ...changes,
  });
}

/** An agent whose workspace lies on EFS. */
export function givenEfsAgent(
  name: string,
  accessPoint = 'fsap-0123456789abcdef0',
  changes: Record<string, unknown> = {},
): AgentConfig {
  return givenAgent(name, {
    ...changes,
    workspace: {
      kind: 'efs',
      accessPointArn: `arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/${accessPoint}`,
      fileSystemId: 'fs-0123456789abcdef0',
      vpcId: 'vpc-0123456789abcdef0',
      subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      securityGroupId: 'sg-0123456789abcdef0',
      path: 'agents/one',
    },
  });
}

/** An agent with snapshots in the deployment's own bucket, and with all that can be had of them. */
export function givenBackedUpAgent(
  name: string,
  backup: Record<string, unknown> = {},
  changes: Record<string, unknown> = {},
): AgentConfig {
  return givenAgent(name, { backup: { enabled: true, provider: 's3', ...backup }, ...changes });
}

/** Assemblies of the tests of one file. */
const scratch = mkdtempSync(join(tmpdir(), 'infra-assemblies-'));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** Code that no test looks into. */
export const placeholder = Code.fromInline('export const handler = async () => {};');

/** The synthesized deployment of these agents, without code of its own. */
export function givenDeployment(
  agents: AgentConfig[],
  options: Partial<BuildOptions> & Partial<Omit<DeploymentConfig, 'deployment' | 'agents'>> = {},
): { app: App; main: WorkspaceSyncStack; template: Template } {
  const { architecture, rclone, code, local, ...top } = options;
  const app = new App({ context: cdkJson.context, outdir: mkdtempSync(join(scratch, 'out-')) });
  const config: DeploymentConfig = {
    deployment: 'home',
    runbookUrl: runbookFile,
    dashboard: true,
    tracing: false,
    ...top,
    agents,
  };
  const main = defineDeployment(app, config, {
    architecture: architecture ?? Architecture.ARM_64,
    rclone: rclone ?? { layerArn: 'arn:aws:lambda:eu-west-1:111122223333:layer:rclone:7' },
    code: code ?? (() => placeholder),
    local: local ?? false,
  });
  return { app, main, template: Template.fromStack(main) };
}

/** The templates of all stacks of an app, by name. */
export function templatesOf(app: App): Map<string, { Resources: Record<string, Resource> }> {
  return new Map(
    app
      .synth()
      .stacks.map((stack) => [
        stack.stackName,
        stack.template as { Resources: Record<string, Resource> },
      ]),
  );
}

/** The resources of a type whose logical id begins so. */
export function resources(template: Template, type: string, idPrefix = ''): Resource[] {
  const found = template.findResources(type) as Record<string, Resource>;
  return Object.entries(found)
    .filter(([id]) => id.startsWith(idPrefix))
    .map(([, value]) => value);
}

/** The only resource of a type whose logical id begins so. */
export function resource(template: Template, type: string, idPrefix = ''): Resource {
  const [first, ...rest] = resources(template, type, idPrefix);
  if (!first || rest.length > 0) {
    throw new Error(
      `${first ? rest.length + 1 : 0} resources of type ${type} match "${idPrefix}".`,
    );
  }
  return first;
}

/** A file in a folder that is removed when the test is over. */
export function givenFile(name: string, content: string): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'infra-test-'));
  const path = join(folder, name);
  writeFileSync(path, content);
  return {
    path,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
