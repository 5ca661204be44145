import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  type Architecture,
  type Code,
  Function as LambdaFunction,
  type ILayerVersion,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment, jobs, product } from '../../functions/shared/contract/index.ts';
import type { Buckets } from './buckets.ts';
import { allow, type Grant } from './permissions.ts';
import { type Mount, mountGrants, mountWorkspace } from './workspace-mount.ts';

/** The functions of this deployment: one for each job, the poster of notifications, and the status. */
export const functionNames = [...jobs, 'notify', 'status'] as const;
export type FunctionName = (typeof functionNames)[number];

/** The longest that Lambda allows: the fewer legs a run takes, the less is listed again. */
export const longest = Duration.minutes(15);

/** What every function of a deployment is told, and runs on. */
export interface Runtimes {
  deployment: string;
  architecture: Architecture;
  buckets: Buckets;
  bus: EventBus;
  /** rclone's word for the kind of S3: `AWS`, or `Other` on the emulator. */
  s3Provider: 'AWS' | 'Other';
}

export interface JobFunctionProps {
  name: FunctionName;
  /** Tells it from the function of the same name that serves other agents. */
  set?: string | undefined;
  runtimes: Runtimes;
  code: Code;
  timeout: Duration;
  memorySize: number;
  /** Environment beside what every function gets. */
  environment?: Record<string, string>;
  layers?: ILayerVersion[];
  grants: Grant[];
  /** Workspaces that it has to mount. */
  mount?: Mount | undefined;
  description: string;
}

/** A function with a role and a log group of its own. */
export class JobFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: JobFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: ['', product, props.runtimes.deployment, fullName(props)].join('/'),
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `${fullName(props)} of ${Stack.of(this).stackName}`,
    });
    allow(this.role, [writeLogs(logGroup), ...props.grants]);
    this.function = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: props.runtimes.architecture,
      handler: 'index.handler',
      code: props.code,
      role: this.role,
      logGroup,
      timeout: props.timeout,
      memorySize: props.memorySize,
      layers: props.layers ?? [],
      environment: { ...sharedEnvironment(props), ...props.environment },
      description: props.description,
    });
    if (!props.mount) return;
    allow(this.role, mountGrants(props.mount));
    mountWorkspace(this.function, props.mount.workspace);
  }
}

function fullName({ name, set }: JobFunctionProps): string {
  return set === undefined ? name : `${name}-${set}`;
}

function sharedEnvironment({ runtimes, timeout }: JobFunctionProps): Record<string, string> {
  return {
    [environment.deployment]: runtimes.deployment,
    [environment.stateBucket]: runtimes.buckets.state.bucketName,
    [environment.functionTimeoutSeconds]: String(timeout.toSeconds()),
  };
}

/** Instead of AWS's managed policy, which may write to every log group of the account. */
function writeLogs(logGroup: LogGroup): Grant {
  return {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
    why: 'The streams of the function’s own log group, whose names Lambda chooses.',
  };
}
