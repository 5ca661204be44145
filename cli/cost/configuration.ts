import { existsSync, readFileSync } from 'node:fs';
import { parseConfigText, type DeploymentConfig } from '../../functions/shared/config/index.ts';
import { wrongUsage } from '../failure.ts';

/**
 * The configuration in a file.
 * @throws CommandFailure where there is none; ConfigError where it is wrong.
 */
export function readConfiguration(file: string): DeploymentConfig {
  if (!existsSync(file)) {
    throw wrongUsage(
      (suggest) =>
        `There is no configuration file ${file}. ${suggest('setup')} writes one; --config names another.`,
    );
  }
  return parseConfigText(readFileSync(file, 'utf8'), file).config;
}
