import { existsSync, readFileSync } from 'node:fs';
import { type ParsedConfig, parseConfigText } from '../../functions/shared/config/index.ts';
import { targetOf, type Target } from '../aws/target.ts';
import { configFile, deploymentName, noConfigFile } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { type Entries, secretEntries } from './entries.ts';

/** The configuration that is meant, where there is one, and the secrets that belong to it. */
export interface Site {
  file: string;
  /** `undefined` where there is no such file. */
  parsed: ParsedConfig | undefined;
  deployment: string;
  target: Target;
  entries: Entries;
}

/**
 * Reads the configuration file that is meant and finds its account.
 * @throws ConfigError with every mistake of the file.
 */
export function openSite(shell: Shell, general: General): Site {
  const target = targetOf(general, shell.env);
  const file = configFile(general, target);
  const parsed = existsSync(file) ? parseConfigText(readFileSync(file, 'utf8'), file) : undefined;
  const deployment =
    general.deployment ?? parsed?.config.deployment ?? deploymentName(general, target);
  const entries = secretEntries(target, deployment, shell.clock);
  return { file, parsed, deployment, target, entries };
}

/** As {@link openSite}, where nothing can be done without a configuration. */
export function openConfiguredSite(
  shell: Shell,
  general: General,
): Site & { parsed: ParsedConfig } {
  const site = openSite(shell, general);
  const { parsed, file } = site;
  if (parsed === undefined) {
    throw noConfigFile(file);
  }
  const named = general.deployment;
  if (named !== undefined && named !== parsed.config.deployment) {
    throw new CommandFailure(
      `${file} describes the deployment "${parsed.config.deployment}", and --deployment says "${named}". ` +
        'Leave the option out, or name another file with --config.',
      { code: 'usage', exitCode: exitCodes.usage },
    );
  }
  return { ...site, parsed };
}
