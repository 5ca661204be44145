import type {
  AgentStatus,
  JobFacts,
  SnapshotSummary,
} from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { configFile, openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
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
  snapshots: { count: number; storedBytes: number; newest?: SnapshotSummary };
  /** By the configuration file on this machine, where there is one. */
  retention?: string;
}

const backupJobs = new Set(['backup', 'prune', 'verify', 'restore']);

/** Shows whether an agent's backups work. */
export async function status(shell: Shell, options: General): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const { agent, set } = context;
  const [answers, listed] = await Promise.all([
    ask(context, set, 'Status', { agent }) as Promise<AgentStatus[]>,
    askJob(context, 'list', { of: 'snapshots' }),
  ]);
  const { snapshots = [] } = listed;
  const [newest] = snapshots;
  const retention = retentionInWords(configFile(options, context.target), agent);
  const [known] = answers;
  const found: BackupStatus = {
    agent,
    jobs: (known?.jobs ?? []).filter(({ job }) => backupJobs.has(job)),
    recoveryPoint: known?.recoveryPoint ?? { text: 'nothing is known of this agent' },
    ...(known?.lastVerifiedSnapshot ? { lastVerifiedSnapshot: known.lastVerifiedSnapshot } : {}),
    snapshots: {
      count: snapshots.length,
      storedBytes: snapshots.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
      ...(newest ? { newest } : {}),
    },
    ...(retention === undefined ? {} : { retention }),
  };
  const now = shell.clock.now();
  shell.out(options.json ? JSON.stringify(found, null, 2) : backupStatusText(found, now, options));
  return exitCodes.ok;
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
    ['newest snapshot', snapshots.newest && snapshotText(snapshots.newest, now)],
    ['last verified', verified ? snapshotText(verified, now) : 'none yet'],
    ['stored', `${counted(snapshots.count, 'snapshot')}, ${bytesInWords(snapshots.storedBytes)}`],
    ['keeps', retention ?? `see: ${commandLine(['backup', 'prune', '--dry-run'], chosen)}`],
  ]);
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
