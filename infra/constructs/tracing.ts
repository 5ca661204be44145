import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { environment } from '../../functions/shared/contract/index.ts';
import type { AgentSet } from './agent-set.ts';
import { allow } from './permissions.ts';

/** Has the jobs of a set traced by X-Ray, where the operator wants that. */
export function traceJobs({ functions }: AgentSet, tracing: boolean): void {
  if (!tracing) return;
  for (const { function: fn, role } of Object.values(functions)) {
    fn.addEnvironment(environment.tracing, 'on');
    if (fn.node.defaultChild instanceof CfnFunction) {
      fn.node.defaultChild.tracingConfig = { mode: 'Active' };
    }
    allow(role, [
      {
        actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        resources: ['*'],
        why: 'X-Ray has no resources to name: traces are put into the account.',
      },
    ]);
  }
}
