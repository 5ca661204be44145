import type { AgentConfig } from './agent.ts';
import type { DeploymentConfig } from './deployment.ts';
import { ConfigError, type Problem } from './problems.ts';

/** What the configuration rightly asks for and this release does not do. */
export function unsupported(config: DeploymentConfig): Problem[] {
  return config.agents.flatMap(unsupportedOf);
}

/** @throws {ConfigError} where the configuration asks for what this release does not do. */
export function assertSupported(config: DeploymentConfig, source?: string): void {
  const problems = unsupported(config);
  if (problems.length > 0) throw new ConfigError(problems, source);
}

function unsupportedOf({ name, sync }: AgentConfig): Problem[] {
  const problems: Problem[] = [];
  if (sync.provider !== 'off' && (sync.mode === 'mirror' || sync.mode === 'bisync')) {
    problems.push({
      key: `agents.${name}.sync.mode`,
      value: `"${sync.mode}", which is not in this release`,
      allowed: '"mailbox"',
      fix: 'Write "mailbox", or set the provider to "off" until a release has this mode',
    });
  }
  return problems;
}
