import type { Job, JobReport, JobRequest } from '../../functions/shared/contract/index.ts';
import type { AgentContext } from '../context.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import { reportText } from '../report/text.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { followRun, type Patience } from './follow.ts';
import { startJob } from './invoke.ts';
import { newRunId } from '../../functions/shared/runtime/run-id.ts';
import { watchRun } from './watch.ts';

/** What a person asked of a job. */
export interface Order {
  job: Job;
  request: Partial<JobRequest>;
  /** Only start it. */
  detach?: boolean | undefined;
  patience?: Patience;
  /** What is said after the report, such as where the files are. */
  afterwards?: (report: JobReport) => string;
}

/** Starts a job, shows how it gets on, and says how it ended. */
export async function carryOut(context: AgentContext, order: Order): Promise<ExitCode> {
  const { shell, agent } = context;
  const runId = newRunId(shell.clock.now());
  await startJob(context, order.job, { ...order.request, runId });
  if (order.detach === true) return tellDetached(context, { ...order, runId }, exitCodes.ok);
  return follow(context, { ...order, runId, title: `${order.job} of ${agent}` });
}

/** A run that somebody has started. */
export interface Started extends Pick<Order, 'request' | 'patience' | 'afterwards'> {
  runId: string;
  /** Absent where only the run's id is known. */
  job?: Job;
  title: string;
}

/** Shows how a run gets on, and says how it ended. */
export async function follow(context: AgentContext, started: Started): Promise<ExitCode> {
  const { runId, job, title, patience, request } = started;
  const followed = await followRun(watchRun(context, runId, job), {
    shell: context.shell,
    title,
    commands: commandsFor(context, runId),
    ...(patience ? { patience } : {}),
  });
  if ('detached' in followed) return tellDetached(context, started, exitCodes.detached);
  return tellReport(context, followed.report, request, started.afterwards);
}

/** Prints a report, and answers the exit code for it. */
export function tellReport(
  { shell, general }: Pick<AgentContext, 'shell' | 'general'>,
  report: JobReport,
  asked: Partial<JobRequest>,
  afterwards?: (report: JobReport) => string,
): ExitCode {
  if (general.json) {
    shell.out(JSON.stringify(report, null, 2));
  } else {
    const said = [reportText(report, { asked, chosen: general }), afterwards?.(report) ?? ''];
    shell.out(said.filter((part) => part !== '').join('\n'));
  }
  return exitCodeOf(report.state);
}

function tellDetached(
  context: AgentContext,
  { runId, job }: { runId: string; job?: Job },
  exitCode: ExitCode,
): ExitCode {
  const { shell, general, agent } = context;
  const { follow: command } = commandsFor(context, runId);
  if (general.json) {
    shell.out(JSON.stringify({ detached: true, agent, job, runId, follow: command }, null, 2));
  } else {
    const goesOn =
      exitCode === exitCodes.detached ? 'goes on without this terminal' : 'has been asked for';
    shell.out(`Run ${runId} ${goesOn}. Follow it: ${command}`);
  }
  return exitCode;
}

function commandsFor(
  { general }: Pick<AgentContext, 'general'>,
  runId: string,
): { follow: string; logs: string; status: string } {
  const chosen: Chosen = general;
  return {
    follow: commandLine(['history', '--follow', runId], chosen),
    logs: commandLine(['logs', '--run', runId], chosen),
    status: commandLine(['status'], chosen),
  };
}
