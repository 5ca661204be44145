import { App } from 'aws-cdk-lib';
import { ConfigError } from '../functions/shared/config/index.ts';
import { layerZip } from '../layers/rclone/build.mjs';
import { bundledCode } from './constructs/bundle.ts';
import { defineDeployment } from './deployment.ts';
import { readConfig, readSettings, SettingsError } from './settings.ts';

try {
  const app = new App();
  const context = (name: string): unknown => app.node.tryGetContext(name);
  const { config, notices } = readConfig(context);
  for (const { key, message } of notices) console.error(`${key}: ${message}`);
  defineDeployment(app, config, { ...readSettings(context, layerZip), code: bundledCode });
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof SettingsError)) throw error;
  console.error(error.message);
  // At once: an app that ends by itself synthesizes what there is.
  process.exit(1);
}
