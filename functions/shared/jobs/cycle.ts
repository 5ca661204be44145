import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { AgentConfig } from '../config/index.ts';
import { environment, folders, workspacePrefix, type RunReason } from '../contract/index.ts';
import type { Drop } from '../mailbox/delivery.ts';
import { dropOf } from '../mailbox/rclone-mailbox.ts';
import { inboxKey } from '../mailbox/s3-inbox.ts';
import { reservedFolders } from '../push/apply.ts';
import { excludeMatcher } from '../rclone/filter.ts';
import { isMissingFolder, parseListing, type ListedFile, type Listing } from '../rclone/listing.ts';
import type { Remote } from '../rclone/remote.ts';
import { RcloneError, type RcloneSession } from '../rclone/session.ts';
import { reasonOf, type RunContext } from '../runtime/run.ts';
import { required } from '../runtime/runtime.ts';
import { conditionFailed } from '../state/s3-object-store.ts';
import { listPrefix } from '../workspace/listing.ts';

/** What a cycle works with. */
export interface Cycle {
  context: RunContext;
  agent: AgentConfig;
  session: RcloneSession;
  /** The whole workspace: `_inbox` lies at its root. */
  workspace: Remote;
  /** The folder of the workspace that is synchronised. */
  synced: Remote;
  cloud: Remote;
  exclude: string[];
  scratchFolder: string;
  fence: number;
}

/** Both sides as they are. */
export interface Sides {
  source: ListedFile[];
  destination: ListedFile[];
  /** Folders of the cloud folder. */
  destinationFolders: string[];
  drops: Drop[];
  outboxExists: boolean;
  /** `undefined` where the listing does not reach to the root of the workspace. */
  inboxExists: boolean | undefined;
}

/** Lists both sides at once; a reason where the workspace cannot be read. */
export async function lookAtBothSides(cycle: Cycle): Promise<Sides | RunReason> {
  const [source, cloud] = await Promise.all([listWorkspace(cycle), listCloud(cycle)]);
  if ('code' in source) return source;
  const keep = pushable(cycle);
  const inOutbox = (path: string): boolean => firstFolder(cycle.cloud, path) === folders.outbox;
  return {
    source: source.files.filter(keep),
    destination: cloud.files.filter(keep),
    destinationFolders: cloud.folders,
    drops: cloud.files
      .filter(({ path }) => inOutbox(path))
      .map((file) => dropOf({ ...file, path: file.path.slice(folders.outbox.length + 1) })),
    outboxExists: cloud.folders.some((path) => inOutbox(`${path}/`)),
    inboxExists: cycle.agent.sync.localPath === '' ? hasInbox(source) : undefined,
  };
}

/** Whether a file belongs to what is pushed: neither excluded nor in a reserved folder. */
export function pushable({ exclude, cloud }: Cycle): (file: ListedFile) => boolean {
  const excluded = excludeMatcher(exclude);
  return ({ path }) => !excluded(path) && !reservedFolders.includes(firstFolder(cloud, `${path}/`));
}

/** The first folder of a path, as the cloud folder knows it: `_Outbox` may be `_outbox` there. */
function firstFolder({ caseInsensitive }: Remote, path: string): string {
  const first = path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
  return caseInsensitive ? first.toLowerCase() : first;
}

function hasInbox({ folders: names, files }: Listing): boolean {
  return (
    names.includes(folders.inbox) || files.some(({ path }) => path.startsWith(`${folders.inbox}/`))
  );
}

/** A workspace that cannot be read is not an empty one: the run is blocked. */
async function listWorkspace({
  context,
  agent,
  session,
  synced,
}: Cycle): Promise<Listing | RunReason> {
  const { runtime } = context;
  try {
    if (agent.workspace.kind === 's3') {
      const path = agent.sync.localPath;
      const prefix = workspacePrefix(agent.name) + (path === '' ? '' : `${path}/`);
      return await listPrefix(
        runtime.s3,
        required(runtime.env, environment.workspaceBucket),
        prefix,
      );
    }
    const result = await session.run({ kind: 'list', from: { remote: synced, path: '' } });
    if (result.outcome !== 'done') throw new RcloneError('The workspace cannot be listed', result);
    return parseListing(result.stdout);
  } catch (error) {
    const message = `The workspace cannot be read: ${reasonOf(error).message}. Nothing was changed.`;
    return { code: 'source-unreadable', message };
  }
}

/** Lists the cloud folder without what is excluded, but with everything in its `_outbox`. */
export async function listCloud({ session, cloud, exclude }: Cycle): Promise<Listing> {
  const result = await session.run({
    kind: 'list',
    from: { remote: cloud, path: '' },
    exclude,
    // What a person drops is delivered, whatever is left out of the push.
    include: [`/${folders.outbox}/**`],
  });
  if (isMissingFolder(result)) return { files: [], folders: [] };
  if (result.outcome !== 'done') throw new RcloneError('The cloud folder cannot be listed', result);
  return parseListing(result.stdout);
}

/** Makes `_outbox` in the cloud folder and `_inbox` in the workspace where they are missing. */
export async function makeMailboxes(
  { context, agent, session, cloud, workspace }: Cycle,
  sides: Sides,
): Promise<void> {
  const { runtime } = context;
  if (!sides.outboxExists) {
    const result = await session.run({
      kind: 'make-folder',
      at: { remote: cloud, path: folders.outbox },
    });
    if (result.outcome !== 'done') throw new RcloneError('The _outbox cannot be made', result);
  }
  if (sides.inboxExists === true) return;
  if (agent.workspace.kind === 's3') {
    const marker = {
      Bucket: required(runtime.env, environment.workspaceBucket),
      Key: inboxKey(agent.name, ''),
      Body: '',
      IfNoneMatch: '*',
    };
    await runtime.s3.send(new PutObjectCommand(marker)).catch(ignoreExisting);
    return;
  }
  const result = await session.run({
    kind: 'make-folder',
    at: { remote: workspace, path: folders.inbox },
  });
  if (result.outcome !== 'done') throw new RcloneError('The _inbox cannot be made', result);
}

function ignoreExisting(error: unknown): void {
  if (!conditionFailed(error)) throw error;
}
