import type {
  AgentStatus,
  Direction,
  JobReport,
  JobRequest,
} from '../../functions/shared/contract/index.ts';
import { openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { confirmed, mustBeAskable } from '../output/ask.ts';
import { reportText } from '../report/text.ts';
import { carryOut, tellReport } from '../runs/carry-out.ts';
import { ask, askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';

/** What `workspace-sync sync` can be told. */
export interface SyncOptions extends General {
  dryRun?: boolean;
  direction?: Direction;
  resync?: boolean;
  confirmDeletes?: number;
  confirmConfig?: string;
  detach?: boolean;
}

/** Synchronises an agent now, or says what that would do. */
export async function sync(shell: Shell, options: SyncOptions): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  if (options.resync) await expectResyncable(context, options);
  if (options.resync && !options.dryRun) mustBeAskable(context, '--yes');
  const request = requestOf(options);
  if (options.dryRun === true) return tellPlan(context, request);
  if (options.resync && !options.yes) {
    const answer = await resyncWanted(context, request);
    if (answer !== 'yes') return answer;
  }
  return carryOut(context, { job: 'sync', request, detach: options.detach });
}

/** What the function would refuse as well, before anybody is asked to confirm it. */
async function expectResyncable(context: AgentContext, { direction }: SyncOptions): Promise<void> {
  if (direction !== undefined) {
    throw wrongUsage('--resync goes both ways, and --direction one way. Leave one of them out.');
  }
  const { agent, set } = context;
  const known = (await ask(context, set, 'Status', { agent })) as AgentStatus[];
  const mode = known.find((each) => each.agent === agent)?.mode;
  if (mode === undefined || mode === 'bisync') return;
  throw wrongUsage(
    `--resync belongs to the mode bisync, and agent "${agent}" has the mode ${mode}. Leave it out.`,
  );
}

function requestOf({ direction, resync, confirmDeletes, confirmConfig }: SyncOptions) {
  return {
    ...(direction ? { direction } : {}),
    ...(resync ? { resync: true as const } : {}),
    ...(confirmDeletes === undefined ? {} : { confirmDeletes }),
    ...(confirmConfig === undefined ? {} : { confirmConfig }),
  } satisfies Partial<JobRequest>;
}

async function tellPlan(context: AgentContext, asked: Partial<JobRequest>): Promise<ExitCode> {
  const request = { ...asked, dryRun: true };
  const report = await planFor(context, request);
  return tellReport(context, report, request);
}

async function planFor(context: AgentContext, request: Partial<JobRequest>): Promise<JobReport> {
  if (context.shell.isWatched) context.shell.say('Looking at both sides …');
  return askJob(context, 'sync', { ...request, dryRun: true });
}

/** Shows what a resync would do and asks; anything but `yes` is how the command ends. */
async function resyncWanted(
  context: AgentContext,
  request: Partial<JobRequest>,
): Promise<'yes' | ExitCode> {
  const { shell, general } = context;
  const plan = await planFor(context, request);
  if (plan.state !== 'succeeded') return tellReport(context, plan, { ...request, dryRun: true });
  shell.say(reportText(plan, { asked: { ...request, dryRun: true }, chosen: general }));
  const question =
    'A resync copies to each side what only the other has: what was deleted comes back. Do it?';
  if (await confirmed(context, question)) return 'yes';
  shell.say('Nothing was changed.');
  return exitCodes.skipped;
}
