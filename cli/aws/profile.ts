import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';

/**
 * A profile that somebody has named has to be there: the chain of credentials would go on without it,
 * and say that there are none, or find another account's.
 * @throws CommandFailure where it is in neither file
 */
export function expectProfile(profile: string, env: NodeJS.ProcessEnv): void {
  const files = profileFiles(env);
  if (files.some((file) => existsSync(file) && namesIn(file).includes(profile))) return;
  throw new CommandFailure(
    (suggest) =>
      `There is no AWS profile "${profile}": neither ${files.join(' nor ')} has it. Name another with ` +
      `--profile, or make it with ${suggest.aws('configure')}.`,
    { code: 'no-profile', exitCode: exitCodes.unreachable },
  );
}

function profileFiles(env: NodeJS.ProcessEnv): string[] {
  const folder = join(env['HOME'] ?? homedir(), '.aws');
  return [
    env['AWS_CONFIG_FILE'] ?? join(folder, 'config'),
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'),
  ];
}

/** `[profile home]`, `[default]`, `[home]`, and the name in quotation marks where it has spaces. */
function namesIn(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^\s*\[\s*(?:profile\s+)?(.+?)\s*\]/gm);
  return [...headings].map(([, name = '']) => name.replace(/^(["'])(.*)\1$/, '$2'));
}
