import type { Job, JobReport, Trigger } from '../../functions/shared/contract/index.ts';
import { amountOf } from '../../functions/shared/runtime/report.ts';
import { epochOf } from '../../functions/shared/clock.ts';
import { whereItIs } from '../backup/restore.ts';
import { tellLeftOut } from '../aws/state.ts';
import { openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { table } from '../output/table.ts';
import { bytesInWords, durationInWords, stampInWords, timeInWords } from '../output/words.ts';
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
    return followOne(context, options.follow, options);
  }
  return runId === undefined ? tellMany(context, options) : tellOne(context, runId, job);
}

/** A run that was asked for a moment ago may not have said anything yet. */
const quietMs = 5 * 60_000;

async function followOne(
  context: AgentContext,
  runId: string,
  { job }: HistoryOptions,
): Promise<ExitCode> {
  const watch = watchRun(context, runId, job);
  const isFresh = context.shell.clock.now() - startOf(runId) < quietMs;
  if (!isFresh && !(await watch.report()) && !(await watch.record())) {
    throw await notThere(context, runId);
  }
  const title = `${job ?? 'run'} of ${context.agent}`;
  const afterwards = (report: JobReport): string => placeText(report, context);
  return follow(context, { runId, ...(job ? { job } : {}), title, request: {}, afterwards });
}

/** Milliseconds since the epoch, as the id of a run says. */
function startOf(runId: string): number {
  const iso = runId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6Z');
  return epochOf(iso);
}

/** Where the files of a restore are, long after its terminal was closed. */
function placeText(report: JobReport, { general, target }: AgentContext): string {
  const isAside = report.restoredTo?.includes('/restored/') === true;
  return whereItIs(report, { ...general, to: isAside ? 'staging' : 'live' }, target);
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
  else shell.out(oneText(report, context));
  return exitCodes.ok;
}

function oneText(report: JobReport, context: AgentContext): string {
  const parts = [
    about(report),
    reportText(report, { chosen: context.general, names: 1_000 }),
    placeText(report, context),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

const startedBy: Partial<Record<Trigger, string>> = {
  manual: 'by hand',
  schedule: 'by the schedule',
};

function about({ runId, trigger, startedAt, finishedAt }: JobReport): string {
  return `Run ${runId}, started ${startedBy[trigger] ?? `by ${trigger}`}, ${stampInWords(startedAt)} to ${stampInWords(finishedAt)}.`;
}

async function notThere(context: AgentContext, runId: string): Promise<CommandFailure> {
  const record = await watchRun(context, runId).record();
  return new CommandFailure(
    (suggest) =>
      record
        ? `Run ${runId} is still at work: follow it with ${suggest('history', '--follow', runId)}.`
        : `Agent "${context.agent}" has no report of a run ${runId}. Reports are kept for 90 days; ` +
          `${suggest('history')} lists them.`,
    { code: record ? 'still-running' : 'no-such-run' },
  );
}

async function tellMany(context: AgentContext, options: HistoryOptions): Promise<ExitCode> {
  const { shell, general } = context;
  const { job, limit, since } = options;
  const now = shell.clock.now();
  const leftOut: string[] = [];
  const wanted = {
    limit,
    ...(job ? { jobs: [job] } : {}),
    ...(since === undefined ? {} : { since: now - since }),
  };
  const reports = await newestReports(context, wanted, leftOut);
  if (general.json) shell.out(JSON.stringify(reports, null, 2));
  else if (reports.length + leftOut.length === 0)
    shell.say(`No run of agent "${context.agent}" is on record.`);
  else shell.out(historyTable(reports, now));
  return tellLeftOut(shell, leftOut);
}

function historyTable(reports: readonly JobReport[], now: number): string {
  return table(
    [
      'started',
      'job',
      'state',
      'why',
      'took',
      'files',
      'bytes',
      'deleted',
      'left out',
      'by',
      'run',
    ],
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
        report.filesDeleted > 0 ? String(report.filesDeleted) : '',
        report.skippedFiles > 0 ? String(report.skippedFiles) : '',
        report.trigger,
        report.runId,
      ];
    }),
  );
}
