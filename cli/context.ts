import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeploymentConfig } from '../functions/shared/config/index.ts';
import { clientsFor, type Clients } from './aws/clients.ts';
import { findDeployment, outputOf, type Deployment, type Outputs } from './aws/deployment.ts';
import { targetOf, type Target } from './aws/target.ts';
import { exitCodes } from './exit-codes.ts';
import { CommandFailure, wrongUsage } from './failure.ts';
import type { General } from './general.ts';
import { projectRoot } from './root.ts';
import type { Shell } from './shell.ts';

/** What a command that talks to a deployment works with. */
export interface Context {
  shell: Shell;
  general: General;
  target: Target;
  clients: Clients;
  deployment: Deployment;
}

/** Finds the deployment that is meant. */
export async function openContext(shell: Shell, general: General): Promise<Context> {
  const target = targetOf(general, shell.env);
  const clients = clientsFor(target);
  const name = deploymentName(general, target);
  const deployment = await findDeployment(clients.cloudFormation, name);
  return { shell, general, target, clients, deployment };
}

type Session = Pick<Target, 'session'>;

/** By option or environment, by the configuration file, by the emulator's session, or `default`. */
export function deploymentName(general: General, target: Session): string {
  return (
    general.deployment ??
    configuredName(configFile(general, target)) ??
    target.session?.deployment ??
    'default'
  );
}

/** The configuration file that is meant; a running "npm start" has one of its own. */
export function configFile({ config }: Pick<General, 'config'>, { session }: Session = {}): string {
  return config ?? session?.configFile ?? join(projectRoot, 'workspace-sync.json');
}

/**
 * A file that somebody has named has to be there, whether or not the command would read it.
 * @throws CommandFailure where it is not
 */
export function expectConfigFile(file: string | undefined): void {
  if (file !== undefined && !existsSync(file)) throw noConfigFile(file);
}

/** Why nothing can be done without the configuration. */
export function noConfigFile(file: string): CommandFailure {
  return new CommandFailure(
    (suggest) =>
      `There is no configuration file ${file}. ${suggest('setup')} writes one; --config names another.`,
    { code: 'no-config', exitCode: exitCodes.usage },
  );
}

function configuredName(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { deployment } = JSON.parse(readFileSync(file, 'utf8')) as { deployment?: unknown };
    return typeof deployment === 'string' ? deployment : undefined;
  } catch {
    // What is wrong with it matters to who deploys it; here it only had a name to give.
    return undefined;
  }
}

/** The agent that is meant, and the outputs of the stack whose functions serve it. */
export interface AgentContext extends Context {
  agent: string;
  set: Outputs;
}

/**
 * The agent of the command line, or the only one that there is.
 * @throws CommandFailure where it cannot be told, or is not there.
 */
export function withAgent(context: Context): AgentContext {
  const { general, deployment } = context;
  const { agents } = deployment;
  const agent = general.agent ?? (agents?.length === 1 ? agents[0] : undefined);
  if (agent === undefined) {
    const known = agents ? `: ${agents.join(', ')}` : '';
    throw wrongUsage(`Which agent? Name one with --agent${known}.`);
  }
  if (agents && !agents.includes(agent)) {
    throw noAgent(`Deployment "${deployment.name}"`, agent, agents);
  }
  const served = deployment.sets.find((set) => (set['Agents'] ?? '').split(',').includes(agent));
  return { ...context, agent, set: served ?? deployment.outputs };
}

/**
 * The agent that was named, for what a configuration file answers without a deployment.
 * @throws CommandFailure where the file does not have it.
 */
export function expectAgent(
  agent: string | undefined,
  { agents }: Pick<DeploymentConfig, 'agents'>,
  file: string,
): void {
  const names = agents.map(({ name }) => name);
  if (agent !== undefined && !names.includes(agent)) throw noAgent(file, agent, names);
}

function noAgent(whose: string, agent: string, known: readonly string[]): CommandFailure {
  return new CommandFailure(
    `${whose} has no agent "${agent}". It has ${known.join(', ') || 'none'}.`,
    { code: 'no-agent', exitCode: exitCodes.unreachable },
  );
}

/** Name of a bucket of the deployment. */
export function bucketOf(
  { deployment }: Pick<Context, 'deployment'>,
  which: 'Workspace' | 'Exchange' | 'Snapshot' | 'State',
): string {
  return outputOf(deployment.outputs, `${which}BucketName`);
}
