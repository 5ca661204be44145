import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AgentConfig, DeploymentConfig } from '../functions/shared/config/index.ts';
import { AgentResources } from './constructs/agent-resources.ts';
import type { AgentSet } from './constructs/agent-set.ts';
import { type EfsWorkspace, mountName } from './constructs/workspace-mount.ts';
import { placeAgents } from './placement.ts';
import { SharedFolderStack } from './stacks/shared-folder-stack.ts';
import { type BuildOptions, WorkspaceSyncStack } from './stacks/workspace-sync-stack.ts';

/** The stack that every deployment has; the names of the others begin with its name. */
export function stackName(deployment: string): string {
  return `WorkspaceSync-${deployment}`;
}

/**
 * The stacks of a deployment: one for most, another for each EFS access point, and more where there
 * are more agents than a stack can hold.
 */
export function defineDeployment(
  app: Construct,
  config: DeploymentConfig,
  options: BuildOptions,
): WorkspaceSyncStack {
  const name = stackName(config.deployment);
  const mounts = agentsByMount(config.agents);
  const others = config.agents.filter(({ workspace }) => workspace.kind !== 'efs');
  const main = new WorkspaceSyncStack(app, name, {
    ...options,
    config,
    agents: others,
    // One pattern for all is the shortest, while there is no other set to tell them from.
    match: mounts.length === 0 ? 'every' : others.map((agent) => agent.name),
  });
  const build = { app, main, deployment: config.deployment };
  addAgents(build, main, main.set, others);
  for (const { workspace, agents } of mounts) {
    const id = `${name}-Efs-${mountName(workspace)}`;
    const stack = new SharedFolderStack(app, id, {
      config,
      shared: main.shared,
      workspace,
      agents,
    });
    addAgents(build, stack, stack.set, agents);
  }
  tellStacks(app, main);
  return main;
}

interface Build {
  app: Construct;
  main: WorkspaceSyncStack;
  deployment: string;
}

/** Puts the agents' own resources into the stack of their set, and beside it where it is full. */
function addAgents(
  { app, main, deployment }: Build,
  setStack: Stack,
  { scheduler }: AgentSet,
  agents: readonly AgentConfig[],
): void {
  for (const [part, placed] of placeAgents(agents)) {
    const stack =
      part === ''
        ? setStack
        : new Stack(app, `${setStack.stackName}-Agents-${part}`, {
            description: 'Workspace Sync for AWS: more agents',
          });
    for (const agent of placed) {
      new AgentResources(stack, agent, { deployment, scheduler, bell: main.shared.bell });
    }
  }
}

/** The agents with a file system to mount, by access point. */
function agentsByMount(
  agents: readonly AgentConfig[],
): { workspace: EfsWorkspace; agents: AgentConfig[] }[] {
  const mounts = new Map<string, { workspace: EfsWorkspace; agents: AgentConfig[] }>();
  for (const agent of agents) {
    const { workspace } = agent;
    if (workspace.kind !== 'efs') continue;
    const mount = mounts.get(workspace.accessPointArn) ?? { workspace, agents: [] };
    mount.agents.push(agent);
    mounts.set(workspace.accessPointArn, mount);
  }
  return [...mounts.values()];
}

/**
 * Names the stacks that belong to the deployment: CDK leaves a stack in the account that is no
 * longer part of it, when agents or access points have been taken out of the configuration.
 */
function tellStacks(app: Construct, main: WorkspaceSyncStack): void {
  const stacks = app.node.children.filter(
    (child): child is Stack => Stack.isStack(child) && child.stackName.startsWith(main.stackName),
  );
  new CfnOutput(main, 'Stacks', { value: stacks.map((stack) => stack.stackName).join(',') });
}
