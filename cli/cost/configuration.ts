import { existsSync, readFileSync } from 'node:fs';
import { parseConfigText, type DeploymentConfig } from '../../functions/shared/config/index.ts';
import { noConfigFile } from '../context.ts';

/**
 * The configuration in a file.
 * @throws CommandFailure where there is none; ConfigError where it is wrong.
 */
export function readConfiguration(file: string): DeploymentConfig {
  if (!existsSync(file)) throw noConfigFile(file);
  return parseConfigText(readFileSync(file, 'utf8'), file).config;
}
