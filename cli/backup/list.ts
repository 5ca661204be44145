import type { SnapshotSummary } from '../../functions/shared/contract/index.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { table } from '../output/table.ts';
import { bytesInWords, counted, timeInWords } from '../output/words.ts';
import { tellReport } from '../runs/carry-out.ts';
import { askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';

/** Lists an agent's snapshots, newest first. */
export async function list(shell: Shell, options: General): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const report = await askJob(context, 'list', { of: 'snapshots' });
  const { snapshots, warnings } = report;
  if (!snapshots) return tellReport(context, report, {});
  if (options.json) {
    shell.out(JSON.stringify({ agent: context.agent, snapshots, warnings }, null, 2));
    return exitCodes.ok;
  }
  if (snapshots.length > 0) shell.out(snapshotTable(snapshots, shell.clock.now()));
  for (const text of [...warnings, total(snapshots)]) shell.say(text);
  return exitCodes.ok;
}

function total(snapshots: readonly SnapshotSummary[]): string {
  const stored = snapshots.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  return `${counted(snapshots.length, 'snapshot')}, ${bytesInWords(stored)} stored`;
}

/** A row for each snapshot. */
export function snapshotTable(snapshots: readonly SnapshotSummary[], now: number): string {
  return table(
    ['id', 'taken', 'files', 'content', 'stored', 'encrypted', 'verified', 'deserves a look'],
    snapshots.map((snapshot) => [
      snapshot.id,
      timeInWords(snapshot.createdAt, now),
      snapshot.files === undefined ? '?' : String(snapshot.files),
      snapshot.bytes === undefined ? '?' : bytesInWords(snapshot.bytes),
      bytesInWords(snapshot.storedBytes),
      snapshot.encrypted ? 'yes' : 'no',
      verifiedText(snapshot, now),
      remarks(snapshot).join('; '),
    ]),
  );
}

function verifiedText({ verified }: SnapshotSummary, now: number): string {
  if (!verified) return 'not yet';
  const share = verified.percent < 100 ? ` (${verified.percent} %)` : '';
  return `${verified.passed ? 'good' : 'BAD'}${share}, ${timeInWords(verified.at, now)}`;
}

function remarks(snapshot: SnapshotSummary): string[] {
  const { anomalies = [], missing = [], databasesInUse = 0, format } = snapshot;
  return [
    ...anomalies,
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(databasesInUse > 0 ? [`${counted(databasesInUse, 'database')} in use`] : []),
    ...(format === 'plugin' ? ["the plugin's"] : []),
  ];
}
