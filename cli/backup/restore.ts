import type {
  AgentStatus,
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
import { confirmedByWord, mustBeAskable } from '../output/ask.ts';
import { nameInLine } from '../output/names.ts';
import { bytesInWords } from '../output/words.ts';
import { carryOut, tellReport } from '../runs/carry-out.ts';
import { awsCommandLine, commandLine } from '../command-line.ts';
import { ask, askJob } from '../runs/invoke.ts';
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
  if (wantsWord && options.confirm === undefined) mustBeAskable(unanswered(shell), wordOption);
  const context = withAgent(await openContext(shell, options));
  const undoing = wantsWord ? await whatUndoes(context) : '';
  if (undoing !== '') shell.say(undoing);
  if (wantsWord && !(await isConfirmed(shell, options))) {
    shell.say('Nothing was changed.');
    return exitCodes.skipped;
  }
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
    afterwards: (report) =>
      [whereItIs(report, options, context.target), undoing].filter(Boolean).join('\n'),
  });
}

const wordOption = `--confirm ${word}`;

function unanswered(shell: Shell) {
  return { shell, general: { yes: false } };
}

/** In mode mirror the workspace becomes what the cloud folder is: whatever else was written goes again. */
async function whatUndoes(context: AgentContext): Promise<string> {
  const mode = await modeOf(context);
  if (mode !== 'mirror' && mode !== 'unknown') return '';
  const whose = mode === 'mirror' ? 'The mode is mirror' : 'Where the mode is mirror';
  return (
    `${whose}: the next sync makes the workspace what the cloud folder is, and undoes this. What is to ` +
    'stay has to be put into the cloud folder.'
  );
}

/** Where the status cannot answer, files are restored all the same. */
async function modeOf(context: AgentContext): Promise<string> {
  const { agent, set } = context;
  try {
    const [status] = (await ask(context, set, 'Status', { agent })) as AgentStatus[];
    return status?.provider === 'off' ? 'off' : (status?.mode ?? 'unknown');
  } catch {
    return 'unknown';
  }
}

async function isConfirmed(shell: Shell, options: RestoreOptions): Promise<boolean> {
  if (options.confirm === word) return true;
  return confirmedByWord(shell, {
    question:
      "This writes over the agent's files: it adds and replaces, and deletes nothing. Stop the gateway " +
      'meanwhile.',
    word,
    option: wordOption,
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
