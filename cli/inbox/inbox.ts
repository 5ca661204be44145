import { folders, workspacePrefix, type Receipt } from '../../functions/shared/contract/index.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { listAll } from '../aws/objects.ts';
import { tellLeftOut } from '../aws/state.ts';
import { bucketOf, openContext, withAgent, type AgentContext } from '../context.ts';
import { readReceipt } from '../drop/delivery.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { newestReports } from '../history/reports.ts';
import type { Shell } from '../shell.ts';
import { inboxText } from './text.ts';

/** A file that lies in `_inbox`. */
export interface InboxFile {
  /** Path below `_inbox`. */
  name: string;
  bytes: number;
  /** ISO 8601. */
  modified: string;
}

/** What is known of an agent's inbox. */
export interface InboxView {
  agent: string;
  /** Files that still lie there: nobody has taken them away. Absent where that cannot be seen. */
  unread?: InboxFile[];
  /** The newest receipts, newest first. Absent where they cannot be seen. */
  receipts?: Receipt[];
  /** Of a workspace that is not in the workspace bucket: names that runs delivered, newest first. */
  delivered?: { at: string; runId: string; names: string[] }[];
}

/** Shows what lies in an agent's inbox, and what was delivered lately. */
export async function inbox(shell: Shell, options: General & { limit: number }): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const leftOut: string[] = [];
  const view = await look(context, options.limit, leftOut);
  const now = shell.clock.now();
  shell.out(options.json ? JSON.stringify(view, null, 2) : inboxText(view, options.limit, now));
  return tellLeftOut(shell, leftOut);
}

async function look(context: AgentContext, limit: number, leftOut: string[]): Promise<InboxView> {
  const { agent, clients } = context;
  const prefix = `${workspacePrefix(agent)}${folders.inbox}/`;
  const { objects } = await listAll(clients.s3, { bucket: bucketOf(context, 'Workspace'), prefix });
  if (objects.length === 0) return { agent, ...(await elsewhere(context, limit, leftOut)) };
  const all = objects.map(({ Key, Size = 0, LastModified }) => ({
    name: Key.slice(prefix.length),
    bytes: Size,
    modified: LastModified?.toISOString() ?? '',
  }));
  const isReceipt = ({ name }: InboxFile): boolean => name.startsWith(`${folders.receipts}/`);
  const newestFirst = all.sort((a, b) => (a.modified < b.modified ? 1 : -1));
  const ids = newestFirst
    .filter(isReceipt)
    .slice(0, limit)
    .map(({ name }) => name.slice(folders.receipts.length + 1).replace(/\.json$/, ''));
  const receipts = await inParallel(12, ids, (id) => readReceipt(context, id));
  return {
    agent,
    unread: newestFirst.filter(
      (file) => !isReceipt(file) && !file.name.endsWith('/') && file.name !== '',
    ),
    receipts: receipts
      .filter((receipt) => receipt !== undefined)
      .sort((a, b) => (a.deliveredAt < b.deliveredAt ? 1 : -1)),
  };
}

/** Nothing in the workspace bucket: empty, or the workspace is on a file system or a remote. */
async function elsewhere(
  context: AgentContext,
  limit: number,
  leftOut: string[],
): Promise<Pick<InboxView, 'delivered'>> {
  const wanted = { jobs: ['drain', 'sync'] as const, limit: 200 };
  const reports = await newestReports(context, wanted, leftOut);
  const delivering = reports.filter(({ filesDelivered }) => filesDelivered > 0);
  return {
    delivered: delivering.slice(0, limit).map(({ finishedAt, runId, delivered }) => {
      return { at: finishedAt, runId, names: delivered };
    }),
  };
}
