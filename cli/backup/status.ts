import type {
  AgentStatus,
  JobFacts,
  JobReport,
  RunReason,
  SnapshotSummary,
} from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { configFile, openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { facts } from '../output/table.ts';
import { bytesInWords, counted, timeInWords } from '../output/words.ts';
import { inCommandWords } from '../report/keys.ts';
import { ask, askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';
import { recoveryInWords } from '../status/problems.ts';
import { nextRunText } from '../status/text.ts';
import { retentionInWords } from './retention.ts';

/** What is known of an agent's backups. */
export interface BackupStatus {
  agent: string;
  /** Of backup, prune, verify and restore, as far as they are switched on. */
  jobs: JobFacts[];
  recoveryPoint: AgentStatus['recoveryPoint'];
  lastVerifiedSnapshot?: SnapshotSummary;
  /** Absent where they could not be listed. */
  snapshots?: { count: number; storedBytes: number; newest?: SnapshotSummary };
  /** Why they could not be listed. */
  problem?: RunReason;
  /** By the configuration file on this machine, where there is one. */
  retention?: string;
}

const backupJobs = new Set(['backup', 'prune', 'verify', 'restore']);

/** Shows whether an agent's backups work; it has failed where it cannot know. */
export async function status(shell: Shell, options: General): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const { agent, set } = context;
  const [answers, listed] = await Promise.all([
    ask(context, set, 'Status', { agent }) as Promise<AgentStatus[]>,
    askJob(context, 'list', { of: 'snapshots' }),
  ]);
  const retention = retentionInWords(configFile(options, context.target), agent);
  const [known] = answers;
  if (!known) throw leftOut(agent);
  const found: BackupStatus = {
    agent,
    jobs: known.jobs.filter(({ job }) => backupJobs.has(job)),
    recoveryPoint: known.recoveryPoint,
    ...(known.lastVerifiedSnapshot ? { lastVerifiedSnapshot: known.lastVerifiedSnapshot } : {}),
    ...snapshotsIn(listed),
    ...(retention === undefined ? {} : { retention }),
  };
  const now = shell.clock.now();
  shell.out(options.json ? JSON.stringify(found, null, 2) : backupStatusText(found, now, options));
  for (const text of listed.warnings) shell.say(text);
  return found.snapshots ? exitCodes.ok : exitCodes.failed;
}

function leftOut(agent: string): CommandFailure {
  return new CommandFailure(
    (suggest) =>
      `Nothing is known of ${agent}: the function Status left it out. Run ${suggest('doctor')}.`,
    { code: 'left-out' },
  );
}

/** What is stored, or why that is not known: a listing that failed is no empty one. */
function snapshotsIn({
  snapshots,
  state,
  reason,
}: JobReport): Pick<BackupStatus, 'snapshots' | 'problem'> {
  if (!snapshots) {
    const message = `The listing of snapshots ended as ${state}.`;
    return { problem: reason ?? { code: state, message } };
  }
  const [newest] = snapshots;
  const storedBytes = snapshots.reduce((sum, each) => sum + each.storedBytes, 0);
  return { snapshots: { count: snapshots.length, storedBytes, ...(newest ? { newest } : {}) } };
}

/** The same in words. */
export function backupStatusText(found: BackupStatus, now: number, chosen: Chosen): string {
  const { jobs, snapshots, lastVerifiedSnapshot: verified, recoveryPoint, retention } = found;
  const backup = jobs.find(({ job }) => job === 'backup');
  const when = (iso: string | undefined, otherwise: string): string =>
    iso === undefined ? otherwise : timeInWords(iso, now);
  return facts([
    ['agent', found.agent],
    ['backups', backup ? 'on' : 'off: set backup.enabled in the configuration'],
    ['last success', when(backup?.lastSuccessAt, 'never')],
    ['last run', backup?.last && lastText(backup.last, chosen)],
    ['next run', backup && nextText(backup, now)],
    ['recovery point', recoveryInWords({ agent: found.agent, recoveryPoint }, chosen, now)],
    ['newest snapshot', snapshots?.newest && snapshotText(snapshots.newest, now)],
    ['last verified', verified ? snapshotText(verified, now) : 'none yet'],
    ['stored', storedText(found)],
    ['keeps', retention ?? `see: ${commandLine(['backup', 'prune', '--dry-run'], chosen)}`],
  ]);
}

function storedText({ snapshots, problem }: BackupStatus): string {
  if (!snapshots) return `not known: ${problem?.message ?? 'the snapshots could not be listed'}`;
  return `${counted(snapshots.count, 'snapshot')}, ${bytesInWords(snapshots.storedBytes)}`;
}

function lastText({ state, reason }: NonNullable<JobFacts['last']>, chosen: Chosen): string {
  return reason ? `${state}: ${inCommandWords(reason, 'backup', chosen)}` : state;
}

function nextText({ interval, nextRunAt }: JobFacts, now: number): string {
  return interval === 0 ? 'not scheduled' : nextRunText({ interval, nextRunAt }, now);
}

function snapshotText({ id, createdAt }: SnapshotSummary, now: number): string {
  return `${id}, of ${timeInWords(createdAt, now)}`;
}
