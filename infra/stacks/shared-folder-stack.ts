import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AgentConfig, DeploymentConfig } from '../../functions/shared/config/index.ts';
import { AgentSet, setOutputs, type SharedParts } from '../constructs/agent-set.ts';
import { keepToCap } from '../constructs/monthly-cap.ts';
import { Outputs } from '../constructs/outputs.ts';
import { traceJobs } from '../constructs/tracing.ts';
import type { EfsWorkspace } from '../constructs/workspace-mount.ts';

export interface SharedFolderStackProps extends StackProps {
  config: Pick<DeploymentConfig, 'monthlyCap' | 'tracing'>;
  shared: SharedParts;
  workspace: EfsWorkspace;
  agents: readonly AgentConfig[];
}

/** The functions for the agents whose workspaces lie behind one EFS access point. */
export class SharedFolderStack extends Stack {
  readonly set: AgentSet;

  constructor(scope: Construct, id: string, props: SharedFolderStackProps) {
    const { config, shared, workspace, agents, ...stackProps } = props;
    super(scope, id, {
      description: 'Workspace Sync for AWS: one EFS access point',
      ...stackProps,
    });
    this.set = new AgentSet(this, 'Agents', {
      ...shared,
      agents,
      match: agents.map(({ name }) => name),
      mount: workspace,
    });
    keepToCap(this.set, shared.runtimes.buckets.state, config.monthlyCap);
    traceJobs(this.set, config.tracing);
    new Outputs(this, setOutputs(this.set));
  }
}
