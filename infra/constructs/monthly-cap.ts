import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { environment, stateKeys } from '../../functions/shared/contract/index.ts';
import type { AgentSet } from './agent-set.ts';
import type { JobFunction } from './job-function.ts';
import { allow } from './permissions.ts';

/**
 * Has a set keep to a monthly cap: `status` adds up and pauses, and the functions whose runs a pause
 * holds back may see it. Without a cap there is none of this.
 */
export function keepToCap(
  { functions: { sync, drain, verify }, status }: AgentSet,
  state: Bucket,
  cap: number | undefined,
): void {
  if (cap === undefined) return;
  for (const held of [sync, drain, verify]) give(held, state, cap, ['s3:GetObject']);
  give(status, state, cap, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']);
}

function give(
  { function: fn, role }: JobFunction,
  state: Bucket,
  cap: number,
  actions: string[],
): void {
  fn.addEnvironment(environment.monthlyCap, String(cap));
  allow(role, [{ actions, resources: [state.arnForObjects(stateKeys.budget)] }]);
}
