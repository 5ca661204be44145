import type { Job, JobReport } from '../../functions/shared/contract/index.ts';
import { amountOf } from '../../functions/shared/runtime/report.ts';
import { openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { table } from '../output/table.ts';
import { bytesInWords, durationInWords, timeInWords } from '../output/words.ts';
import { reportText } from '../report/text.ts';
import { follow } from '../runs/carry-out.ts';
import { watchRun } from '../runs/watch.ts';
import type { Shell } from '../shell.ts';
import { newestReports } from './reports.ts';

/** What `workspace-sync history` can be told. */
export interface HistoryOptions extends General {
  job?: Job;
  limit: number;
  /** Milliseconds. */
  since?: number;
  follow?: string;
}

/** Shows what runs came to, one of them in full, or one as it gets on. */
export async function history(
  shell: Shell,
  runId: string | undefined,
  options: HistoryOptions,
): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const { job } = options;
  if (options.follow !== undefined) {
    const title = `${job ?? 'run'} of ${context.agent}`;
    return follow(context, { runId: options.follow, ...(job ? { job } : {}), title, request: {} });
  }
  return runId === undefined ? tellMany(context, options) : tellOne(context, runId, job);
}

/** The question is answered, however the run ended. */
async function tellOne(
  context: AgentContext,
  runId: string,
  job: Job | undefined,
): Promise<ExitCode> {
  const { shell, general } = context;
  const report = await watchRun(context, runId, job).report();
  if (!report) throw await notThere(context, runId);
  if (general.json) shell.out(JSON.stringify(report, null, 2));
  else shell.out([about(report), reportText(report, { chosen: general, names: 1_000 })].join('\n'));
  return exitCodes.ok;
}

function about({ runId, trigger, startedAt, finishedAt }: JobReport): string {
  return `Run ${runId}, started by ${trigger}, ${startedAt} to ${finishedAt}.`;
}

async function notThere(context: AgentContext, runId: string): Promise<CommandFailure> {
  const record = await watchRun(context, runId).record();
  const message = record
    ? `Run ${runId} is still at work: follow it with --follow ${runId}.`
    : `Agent "${context.agent}" has no report of a run ${runId}. Reports are kept for 90 days; ` +
      '"workspace-sync history" lists them.';
  return new CommandFailure(message, { code: record ? 'still-running' : 'no-such-run' });
}

async function tellMany(context: AgentContext, options: HistoryOptions): Promise<ExitCode> {
  const { shell, general } = context;
  const { job, limit, since } = options;
  const now = shell.clock.now();
  const reports = await newestReports(context, {
    limit,
    ...(job ? { jobs: [job] } : {}),
    ...(since === undefined ? {} : { since: now - since }),
  });
  if (general.json) shell.out(JSON.stringify(reports, null, 2));
  else if (reports.length === 0) shell.say(`No run of agent "${context.agent}" is on record.`);
  else shell.out(historyTable(reports, now));
  return exitCodes.ok;
}

function historyTable(reports: readonly JobReport[], now: number): string {
  return table(
    ['started', 'job', 'state', 'why', 'took', 'files', 'bytes', 'left out', 'by', 'run'],
    reports.map((report) => {
      const { files, bytes } = amountOf(report);
      return [
        timeInWords(report.startedAt, now),
        report.job,
        report.state,
        report.reason?.code ?? '',
        durationInWords(report.durationMs),
        String(files),
        bytesInWords(bytes),
        report.skippedFiles > 0 ? String(report.skippedFiles) : '',
        report.trigger,
        report.runId,
      ];
    }),
  );
}
