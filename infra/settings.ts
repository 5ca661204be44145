import { existsSync, readFileSync } from 'node:fs';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import {
  type DeploymentConfig,
  type Notice,
  parseConfigText,
} from '../functions/shared/config/index.ts';
import type { RcloneSource } from './constructs/rclone-layer.ts';

/** Something that the operator has to change before anything can be synthesized. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** A value of CDK's context: `-c name=value` or cdk.json. */
export type Context = (name: string) => unknown;

/** Reads the configuration file that the context names, `workspace-sync.json` by default. */
export function readConfig(context: Context): { config: DeploymentConfig; notices: Notice[] } {
  const file = text(context, 'config') ?? 'workspace-sync.json';
  if (!existsSync(file)) {
    throw new SettingsError(
      `There is no configuration file ${file}. Copy workspace-sync.example.json to workspace-sync.json and change it, or name another with -c config=<file>.`,
    );
  }
  return parseConfigText(readFileSync(file, 'utf8'), file);
}

/** What the context says about how to build. */
export function readSettings(
  context: Context,
  layerZip: Extract<RcloneSource, { zip: unknown }>['zip'],
): { architecture: Architecture; rclone: RcloneSource; local: boolean } {
  const layerArn = text(context, 'rcloneLayerArn');
  return {
    architecture: architecture(text(context, 'architecture') ?? 'arm64'),
    rclone: layerArn === undefined ? { zip: layerZip } : { layerArn },
    local: [true, 'true'].includes(context('local') as string | boolean),
  };
}

function architecture(name: string): Architecture {
  if (name === 'arm64') return Architecture.ARM_64;
  if (name === 'x86_64') return Architecture.X86_64;
  throw new SettingsError(`The context "architecture" is "${name}": it can be arm64 or x86_64.`);
}

function text(context: Context, name: string): string | undefined {
  const value = context(name);
  if (value === undefined || typeof value === 'string') return value;
  throw new SettingsError(`The context "${name}" is ${JSON.stringify(value)}: it must be a text.`);
}
