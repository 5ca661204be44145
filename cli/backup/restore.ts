import type {
  JobReport,
  JobRequest,
  PlannedFile,
  RestoreTarget,
} from '../../functions/shared/contract/index.ts';
import type { Target } from '../aws/target.ts';
import { openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { confirmedByWord } from '../output/ask.ts';
import { nameInLine } from '../output/names.ts';
import { bytesInWords } from '../output/words.ts';
import { carryOut, tellReport } from '../runs/carry-out.ts';
import { awsCommandLine, commandLine } from '../command-line.ts';
import { askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';

/** What `workspace-sync backup restore` can be told. */
export interface RestoreOptions extends General {
  path?: string[];
  to: RestoreTarget;
  dryRun?: boolean;
  confirm?: string;
  acceptUnencrypted?: boolean;
  detach?: boolean;
}

/** The word that a restore over the agent's files asks for. */
const word = 'overwrite-live-files';

/** Brings files back from a snapshot. */
export async function restore(
  shell: Shell,
  snapshot: string | undefined,
  options: RestoreOptions,
): Promise<ExitCode> {
  if (options.confirm !== undefined && options.confirm !== word) {
    throw wrongUsage(`--confirm is "${options.confirm}". The word is ${word}.`);
  }
  const wantsWord = options.to === 'live' && options.dryRun !== true;
  if (wantsWord && !(await isConfirmed(shell, options))) {
    shell.say('Nothing was changed.');
    return exitCodes.skipped;
  }
  const context = withAgent(await openContext(shell, options));
  const request: Partial<JobRequest> = {
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(options.path ? { paths: options.path } : {}),
    target: options.to,
    ...(options.to === 'live' ? { confirm: word } : {}),
    ...(options.acceptUnencrypted ? { acceptUnencrypted: true } : {}),
  };
  if (options.dryRun === true) return tellWhatWouldCome(context, { ...request, dryRun: true });
  return carryOut(context, {
    job: 'restore',
    request,
    detach: options.detach,
    afterwards: (report) => whereItIs(report, options, context.target),
  });
}

async function isConfirmed(shell: Shell, options: RestoreOptions): Promise<boolean> {
  if (options.confirm === word) return true;
  return confirmedByWord(shell, {
    question:
      "This writes over the agent's files: it adds and replaces, and deletes nothing. Stop the gateway " +
      'meanwhile.',
    word,
    option: `--confirm ${word}`,
  });
}

async function tellWhatWouldCome(
  context: AgentContext,
  request: Partial<JobRequest>,
): Promise<ExitCode> {
  const report = await askJob(context, 'restore', request);
  return tellReport(context, report, request, ({ wouldRestore = [] }) => wouldText(wouldRestore));
}

const shownFiles = 50;

function wouldText(files: readonly PlannedFile[]): string {
  if (files.length === 0) return '';
  const lines = files
    .slice(0, shownFiles)
    .map(({ path, bytes }) => `  ${nameInLine(path)} (${bytesInWords(bytes)})`);
  const rest = files.length > shownFiles ? [`  … (--json names up to 1,000)`] : [];
  return ['It would bring:', ...lines, ...rest].join('\n');
}

/** Where the files are, how to have a look at them, and how to go on. */
export function whereItIs(
  { restoredTo, snapshot }: JobReport,
  options: RestoreOptions,
  target: Target,
): string {
  if (restoredTo === undefined) return '';
  if (options.to === 'live') return "The files are where the agent's files are.";
  const lines = [`The files are in ${nameInLine(restoredTo)}`];
  if (!restoredTo.startsWith('s3://') || options.to !== 'staging') return lines.join('\n');
  const paths = (options.path ?? []).flatMap((path) => ['--path', path]);
  const words = ['backup', 'restore', ...(snapshot ? [snapshot.id] : []), ...paths, '--to', 'live'];
  return [
    ...lines,
    'To look at them:',
    `  ${awsCommandLine(['s3', 'cp', '--recursive', restoredTo, 'restored/'], target)}`,
    'To remove them again:',
    `  ${awsCommandLine(['s3', 'rm', '--recursive', restoredTo], target)}`,
    'To put them in place:',
    `  ${commandLine(words, options)}`,
  ].join('\n');
}
