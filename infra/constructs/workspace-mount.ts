import { createHash } from 'node:crypto';
import { Aws } from 'aws-cdk-lib';
import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { WorkspaceConfig } from '../../functions/shared/config/index.ts';
import type { Grant } from './permissions.ts';

/** An agent's configuration of a workspace on EFS. */
export type EfsWorkspace = Extract<WorkspaceConfig, { kind: 'efs' }>;

/** A workspace that a function mounts, and whether it may write to it. */
export interface Mount {
  workspace: EfsWorkspace;
  access: 'read' | 'write';
}

/** Where the functions of a set find the file system. */
export const mountPath = '/mnt/workspace';

/** Short, stable name of an access point; ids are long and names of stacks are not. */
export function mountName({ accessPointArn }: EfsWorkspace): string {
  return createHash('sha256').update(accessPointArn).digest('hex').slice(0, 8);
}

/** Tells the functions of an access point's agents from others of the same job. */
export function setName(workspace: EfsWorkspace): string {
  return `efs-${mountName(workspace)}`;
}

/**
 * Puts a function into the file system's network and mounts the access point. All of that exists and
 * belongs to the gateway's own infrastructure. The properties of the plain resource are set because
 * the library's constructs would add rules to a security group that is not ours.
 */
export function mountWorkspace(fn: LambdaFunction, workspace: EfsWorkspace): void {
  const resource = fn.node.defaultChild as CfnFunction;
  resource.vpcConfig = {
    subnetIds: workspace.subnetIds,
    securityGroupIds: [workspace.securityGroupId],
  };
  resource.fileSystemConfigs = [{ arn: workspace.accessPointArn, localMountPath: mountPath }];
}

/** What a role needs in order to mount it. */
export function mountGrants({ workspace, access }: Mount): Grant[] {
  const { fileSystemId, accessPointArn } = workspace;
  const write = access === 'write' ? ['elasticfilesystem:ClientWrite'] : [];
  const fileSystems = `arn:${Aws.PARTITION}:elasticfilesystem:${Aws.REGION}:${Aws.ACCOUNT_ID}:file-system`;
  return [
    {
      actions: ['elasticfilesystem:ClientMount', ...write],
      resources: [`${fileSystems}/${fileSystemId}`],
      conditions: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPointArn } },
    },
    {
      actions: [
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
      why: 'Lambda makes the function’s network interfaces with this role, and accepts no narrower resource.',
    },
  ];
}
