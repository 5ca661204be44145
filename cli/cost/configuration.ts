import { existsSync, readFileSync } from 'node:fs';
import { parseConfigText, type DeploymentConfig } from '../../functions/shared/config/index.ts';
import { configFile } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';

/**
 * The configuration file that is meant.
 * @throws CommandFailure where there is none; ConfigError where it is wrong.
 */
export function readConfiguration(general: Pick<General, 'config'>): DeploymentConfig {
  const file = configFile(general);
  if (!existsSync(file)) {
    throw wrongUsage(
      `There is no configuration file ${file}. "workspace-sync setup" writes one; --config names another.`,
    );
  }
  return parseConfigText(readFileSync(file, 'utf8'), file).config;
}
