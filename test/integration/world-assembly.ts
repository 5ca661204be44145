import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { inject } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { defineDeployment } from '../../infra/deployment.ts';
import { readConfig, readSettings } from '../../infra/settings.ts';
import { layerZip } from '../../layers/rclone/build.mjs';
import type { Context } from '../../local/deploy.ts';

/**
 * The deployment of infra/app.ts, with the code that was bundled once for all. The tour's is
 * synthesized by the app itself.
 */
export function synthesize(assembly: string, context: Context): void {
  const app = new App({
    outdir: assembly,
    context: { ...cdkJson.context, ...withoutPaths, ...context },
  });
  const read = (name: string): unknown => app.node.tryGetContext(name);
  const { config } = readConfig(read);
  const code = (name: string, agents: readonly AgentConfig[]): Code =>
    Code.fromAsset(givenFunction(name, agents, mkdtempSync(join(dirname(assembly), `${name}-`))));
  defineDeployment(app, config, { ...readSettings(read, layerZip), code });
  app.synth();
}

/** As `cdk deploy --no-path-metadata` asks of an app. */
const withoutPaths = { 'aws:cdk:enable-path-metadata': false };

/** Writes a function's bundle for these agents to a folder, as a deployment has it. */
export function givenFunction(
  name: string,
  agents: readonly AgentConfig[],
  folder: string,
): string {
  cpSync(join(inject('functionCode'), name), folder, { recursive: true });
  for (const agent of agents) {
    writeFileSync(join(folder, 'agents', `${agent.name}.json`), JSON.stringify(agent));
  }
  return folder;
}
