import type { AgentStatus, JobFacts, TokenFacts } from '../../functions/shared/contract/index.ts';
import type { Chosen } from '../command-line.ts';
import { facts, table } from '../output/table.ts';
import { bytesInWords, counted, durationInWords, inOneLine, timeInWords } from '../output/words.ts';
import { problemInWords, recoveryInWords } from './problems.ts';

/** The status of one agent for people: the answer first, then what it rests on. */
export function statusText(status: AgentStatus, now: number, chosen: Chosen = {}): string {
  const parts = [
    `${status.agent}: ${verdict(status)}`,
    problems(status, now, chosen),
    summary(status, now, chosen),
    jobsTable(status.jobs, now),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function verdict({ healthy, paused, problems: found }: AgentStatus): string {
  if (paused) return 'paused: the monthly cap is reached';
  return healthy
    ? 'all is well'
    : counted(found.length, 'thing deserves', 'things deserve') + ' a look';
}

function problems(status: AgentStatus, now: number, chosen: Chosen): string {
  return status.problems
    .map((problem) => {
      const { message, goOn } = problemInWords(status, problem, chosen, now);
      const { runbook } = problem;
      return [
        `! ${inOneLine(message)}`,
        ...(goOn === undefined ? [] : [`  To let it go on:\n    ${goOn}`]),
        ...(runbook === undefined ? [] : [`  docs/runbook.md#${runbook}`]),
      ].join('\n');
    })
    .join('\n');
}

function summary(status: AgentStatus, now: number, chosen: Chosen): string {
  const { lastSyncAt, lastVerifiedSnapshot: verified, paused } = status;
  return facts([
    ['provider', place(status)],
    ['mode', status.mode],
    ['running', running(status)],
    ['last sync', lastSyncAt === undefined ? 'never' : timeInWords(lastSyncAt, now)],
    ['sync count', String(status.syncCount)],
    ['error count', String(status.errorCount)],
    ['recovery point', recoveryInWords(status, chosen, now)],
    ['verified snapshot', verified && `${verified.id}, of ${timeInWords(verified.createdAt, now)}`],
    ['tokens', status.tokens.map((token) => tokenText(token, now)).join('; ') || undefined],
    ['dead letters', deadLetters(status)],
    [
      'paused',
      paused && `since ${timeInWords(paused.since, now)}: $${paused.used} of $${paused.cap}`,
    ],
    ['as of', timeInWords(status.asOf, now)],
  ]);
}

function place({ provider, remotePath, localPath }: AgentStatus): string {
  if (provider === 'off') return 'off: no cloud folder';
  const workspace = localPath === '' ? 'the whole workspace' : `"${localPath}" of the workspace`;
  return `${provider}, folder "${remotePath}", with ${workspace}`;
}

function running({ jobs, running: isRunning }: AgentStatus): string {
  if (!isRunning) return 'nothing';
  const named = jobs.flatMap(({ job, running: run }) => {
    if (!run) return [];
    const { files, bytes } = run.done;
    const of = run.total ? ` of ${run.total.files}` : '';
    return [`${job}, ${files}${of} files, ${bytesInWords(bytes)} done`];
  });
  return named.join('; ');
}

function tokenText({ reference, expiresAt }: TokenFacts, now: number): string {
  return expiresAt === undefined
    ? reference
    : `${reference} good until ${timeInWords(expiresAt, now)}`;
}

function deadLetters({ deadLetters: queues }: AgentStatus): string | undefined {
  return queues.map(({ queue, messages }) => `${messages} in ${queue}`).join(', ') || undefined;
}

/** When a job runs next. A schedule counts from its deployment, which the status does not know. */
export function nextRunText(
  { interval, nextRunAt }: Pick<JobFacts, 'interval'> & { nextRunAt: string | undefined },
  now: number,
): string {
  if (nextRunAt !== undefined) return timeInWords(nextRunAt, now);
  if (interval === 0) return '-';
  return `not yet known: within ${durationInWords(interval * 1000)} of its deployment`;
}

/** `succeeded, 2 deleted`: a run that only deletes carries no file. */
function lastText(last: JobFacts['last']): string {
  if (!last) return '-';
  const { state, filesDeleted = 0 } = last;
  return filesDeleted > 0 ? `${state}, ${filesDeleted} deleted` : state;
}

function jobsTable(jobs: JobFacts[], now: number): string {
  return table(
    ['job', 'every', 'last success', 'last run', 'files', 'bytes', 'runs', 'errors', 'next run'],
    jobs.map(({ job, interval, lastSuccessAt, last, runs, errors, nextRunAt }) => [
      job,
      interval === 0 ? 'asked for' : durationInWords(interval * 1000),
      lastSuccessAt === undefined ? 'never' : timeInWords(lastSuccessAt, now),
      lastText(last),
      last ? String(last.files) : '-',
      last ? bytesInWords(last.bytes) : '-',
      String(runs),
      String(errors),
      nextRunText({ interval, nextRunAt }, now),
    ]),
  );
}
