import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  jobs,
  stateKeys,
  type Job,
  type JobReport,
  type RunningRecord,
} from '../../functions/shared/contract/index.ts';
import { historyKey } from '../../functions/shared/runtime/status.ts';
import { readState } from '../aws/state.ts';
import { bucketOf, type AgentContext } from '../context.ts';

/** One run, seen from outside. */
export interface RunWatch {
  runId: string;
  /** The report of the run once it has ended. */
  report(): Promise<JobReport | undefined>;
  /** What the run says of itself while it is at work; nothing where it is short, or has not begun. */
  record(): Promise<RunningRecord | undefined>;
}

/** Looks for a run in the deployment's state; of which job it is may be unknown. */
export function watchRun(context: AgentContext, runId: string, job?: Job): RunWatch {
  return {
    runId,
    report: async () => {
      const key = await reportKey(context, runId, job);
      return key === undefined ? undefined : readState<JobReport>(context, key);
    },
    record: async () => {
      const candidates = await Promise.all(
        (job ? [job] : jobs).map((each) =>
          readState<RunningRecord>(context, stateKeys.running(context.agent, each)),
        ),
      );
      return candidates.find((record) => record?.runId === runId);
    },
  };
}

async function reportKey(
  context: AgentContext,
  runId: string,
  job: Job | undefined,
): Promise<string | undefined> {
  const { agent, clients } = context;
  if (job) return historyKey({ agent, job, runId });
  const Prefix = historyKey({ agent, job: 'sync', runId }).replace(/sync\.json$/, '');
  const { Contents = [] } = await clients.s3.send(
    new ListObjectsV2Command({ Bucket: bucketOf(context, 'State'), Prefix }),
  );
  return Contents[0]?.Key;
}
