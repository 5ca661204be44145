import type { JobReport, JobRequest, RunState } from '../../functions/shared/contract/index.ts';
import { nameInLine } from '../output/names.ts';
import { bytesInWords, counted, durationInWords, inOneLine } from '../output/words.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { goOnCommand } from './go-on.ts';
import { secondQuestion } from './guards.ts';
import { inCommandWords } from './keys.ts';

/** What is known of a run besides its report. */
export interface Telling {
  /** What was asked for, where it was us who asked. */
  asked?: Partial<JobRequest>;
  /** What suggested commands have to repeat. */
  chosen?: Chosen;
  /** Names of each kind that are written out. */
  names?: number;
}

/** A run in words: how it ended and why, what it did, what it left, and how to go on. */
export function reportText(report: JobReport, telling: Telling = {}): string {
  const { names = 20, asked = {}, chosen = {} } = telling;
  const goOn = goOnCommand(report, asked, chosen);
  const parts = [
    verdict(report, asked.dryRun === true, chosen),
    done(report)
      .map((line) => `  ${line}`)
      .join('\n'),
    plan(report),
    list('delivered to _inbox', report.delivered, names, report),
    skipped(report, names),
    report.warnings.map((text) => `! ${warning(text, report, chosen)}`).join('\n'),
    goOn === undefined ? '' : `To let it go on:\n  ${goOn}`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

const verdicts: Record<RunState, string> = {
  succeeded: 'succeeded',
  partial: 'is done but for some things',
  blocked: 'was blocked before it changed anything',
  continued: 'goes on in another leg',
  skipped: 'was skipped: nothing was tried',
  failed: 'failed',
};

function verdict(report: JobReport, isDry: boolean, chosen: Chosen): string {
  const { job, agent, state, reason, durationMs, legs } = report;
  const inLegs = legs > 1 ? `, ${legs} legs` : '';
  const what = isDry ? `A dry run of the ${job} of ${agent}` : `The ${job} of ${agent}`;
  const head = `${what} ${verdicts[state]} (${durationInWords(durationMs)}${inLegs}).`;
  if (!reason) return head;
  return `${head}\n${inOneLine(inCommandWords(reason, job, chosen))} [${reason.code}]`;
}

/** The counters that are not zero. */
function done(report: JobReport): string[] {
  const carried: [string, number, number][] = [
    ['sent to the cloud folder', report.filesSent, report.bytesSent],
    ['received from the cloud folder', report.filesReceived, report.bytesReceived],
    ['delivered to _inbox', report.filesDelivered, report.bytesDelivered],
    ['stored', report.filesStored, report.bytesStored],
    ['read back', report.filesVerified, report.bytesVerified],
    ['restored', report.filesRestored, report.bytesRestored],
  ];
  const lines = carried.flatMap(([what, files, bytes]) =>
    files > 0 ? [`${counted(files, 'file')} ${what} (${bytesInWords(bytes)})`] : [],
  );
  const counters: [number, string, string?][] = [
    [report.filesDeleted, 'file deleted', 'files deleted'],
    [report.conflicts, 'conflict: both versions are kept', 'conflicts: both versions are kept'],
    [report.filesQuarantined, 'drop put aside', 'drops put aside'],
    [report.snapshotsDeleted, 'snapshot deleted', 'snapshots deleted'],
    [report.apiRetries, 'request tried again', 'requests tried again'],
  ];
  for (const [count, one, many] of counters) if (count > 0) lines.push(counted(count, one, many));
  if (report.snapshot && report.state !== 'failed') {
    const { id, storedBytes, encrypted } = report.snapshot;
    const how = encrypted ? 'encrypted' : 'not encrypted';
    lines.push(`snapshot ${id}, ${bytesInWords(storedBytes)}, ${how}`);
  }
  if (lines.length === 0 && report.state === 'succeeded' && !hasAnswer(report)) {
    lines.push('nothing had to be done');
  }
  return lines;
}

/** What a question is answered with says enough. */
function hasAnswer({ plan: planned, retention, wouldRestore, snapshots }: JobReport): boolean {
  return [planned, retention, wouldRestore, snapshots].some((answer) => answer !== undefined);
}

function plan({ planText }: JobReport): string {
  return planText === undefined ? '' : `The plan:\n${indented(planText)}`;
}

function list(what: string, paths: readonly string[], names: number, report: JobReport): string {
  if (paths.length === 0) return '';
  const shown = paths.slice(0, names).map((path) => `  ${nameInLine(path)}`);
  return [`${what}:`, ...shown, ...more(paths.length - names, report)].join('\n');
}

/** As it is, for it may quote anybody; but for a guard's question. */
function warning(text: string, { job }: JobReport, chosen: Chosen): string {
  const question = secondQuestion(text);
  return question ? inCommandWords(question, job, chosen) : inOneLine(text);
}

function skipped(report: JobReport, names: number): string {
  if (report.skippedFiles === 0) return '';
  const shown = report.skipped
    .slice(0, names)
    .map(({ path, reason }) => `  ${nameInLine(path)}: ${inOneLine(reason)}`);
  const rest = more(report.skippedFiles - shown.length, report);
  return [`left out, ${counted(report.skippedFiles, 'file')}:`, ...shown, ...rest].join('\n');
}

function more(count: number, { runId }: JobReport): string[] {
  if (count <= 0) return [];
  return [`  and ${count} more: ${commandLine(['history', runId, '--json'])}`];
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
