import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { AgentConfig } from '../config/index.ts';
import {
  environment,
  folders,
  workspacePrefix,
  type Direction,
  type RunReason,
  type SkippedFile,
} from '../contract/index.ts';
import type { Drop } from '../mailbox/delivery.ts';
import { dropOf } from '../mailbox/rclone-mailbox.ts';
import { inboxKey } from '../mailbox/s3-inbox.ts';
import { excludeMatcher, excludesOf, inBothForms } from '../rclone/filter.ts';
import { isMissingFolder, parseListing, type Listing, type ListedFile } from '../rclone/listing.ts';
import { unusable } from '../rclone/names.ts';
import type { Remote } from '../rclone/remote.ts';
import { partialListing } from '../rclone/partial-listing.ts';
import { RcloneError, type RcloneResult, type RcloneSession } from '../rclone/session.ts';
import { reasonOf, type RunContext } from '../runtime/run.ts';
import { required } from '../runtime/runtime.ts';
import { conditionFailed } from '../state/s3-object-store.ts';
import { listPrefix } from '../workspace/listing.ts';
import { reservedPattern } from '../workspace/reserved.ts';

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

/**
 * How many deletes somebody has confirmed for this run: earlier legs of it have used their part.
 */
export function confirmedDeletes({ request }: RunContext): number | undefined {
  if (request.confirmDeletes === undefined) return undefined;
  return Math.max(0, request.confirmDeletes - (request.run?.totals.filesDeleted ?? 0));
}

/** Both sides as they are, without what no sync touches. */
export interface Sides {
  workspace: Listing;
  cloud: Listing;
  /** What waits in the cloud folder's `_outbox`. */
  drops: Drop[];
  /** What lies there and cannot be taken, for rclone would take it for another file. */
  undeliverable: SkippedFile[];
  outboxExists: boolean;
  /** `undefined` where the listing does not reach to the root of the workspace. */
  inboxExists: boolean | undefined;
  /** Whether the cloud folder is there at all. */
  cloudExists: boolean;
  /** What is left out on both sides: what the cycle excludes, and folders that could not be listed. */
  exclude: string[];
  /** What is left alone, with everything below it: it could not be looked at, or not be named there. */
  unlisted: SkippedFile[];
}

/** A listing, and the folders of which it says nothing. */
export interface Look extends Listing {
  unlisted: string[];
}

/**
 * Lists both sides at once; a reason where the workspace cannot be read.
 * @param direction a workspace that is filled need not be there yet
 */
export async function lookAtBothSides(
  cycle: Cycle,
  direction: Direction,
): Promise<Sides | RunReason> {
  cycle.context.progress.doing('looking at both sides');
  const [workspace, cloud] = await Promise.all([listWorkspace(cycle, direction), listCloud(cycle)]);
  if ('code' in workspace) return workspace;
  const inOutbox = (path: string): boolean => firstFolder(cycle.cloud, path) === folders.outbox;
  const [drops, undeliverable] = dropsIn(cloud.files.filter(({ path }) => inOutbox(path)));
  const unlisted = [...workspace.unlisted, ...cloud.unlisted].map((path) => ({
    path,
    reason: 'this folder could not be listed: nothing below it was touched',
  }));
  const odd = namesOnOneSide(cycle, direction, syncable(cycle.exclude, cloud));
  const alone = [...unlisted, ...odd];
  const exclude = [...cycle.exclude, ...alone.flatMap(({ path }) => excludesOf(path))];
  return {
    exclude,
    unlisted: alone,
    workspace: syncable(exclude, workspace),
    cloud: syncable(exclude, cloud),
    drops,
    undeliverable,
    outboxExists: cloud.folders.some((path) => inOutbox(`${path}/`)),
    inboxExists: cycle.agent.sync.localPath === '' ? hasInbox(workspace) : undefined,
    cloudExists: cloud !== missing,
  };
}

/** What lies in the `_outbox` and can be taken from there, and what rclone would take for another file. */
function dropsIn(files: ListedFile[]): [drops: Drop[], others: SkippedFile[]] {
  const drops: Drop[] = [];
  const others: SkippedFile[] = [];
  for (const file of files) {
    const path = file.path.slice(folders.outbox.length + 1);
    const reason = unusable(path);
    if (reason === undefined) drops.push(dropOf({ ...file, path }));
    else others.push({ path: file.path, reason: `${reason}: give it another name` });
  }
  return [drops, others];
}

/**
 * Files of the cloud folder with names that rclone writes with pictures of control characters: to S3
 * it would write the characters themselves, which have no business in an agent's workspace.
 */
function namesOnOneSide({ agent }: Cycle, direction: Direction, { files }: Listing): SkippedFile[] {
  if (direction === 'push' || agent.workspace.kind !== 's3') return [];
  const reason = 'its name holds a control character, such as a line break: give it another name';
  return files
    .filter(({ path }) => /[\u2400-\u241f\u2421]/.test(path))
    .map(({ path }) => ({ path, reason }));
}

/** What a listing has that is not left out: the reserved folders are. */
export function syncable(exclude: string[], { files, ...rest }: Listing): Listing {
  const excluded = excludeMatcher(exclude);
  return { files: files.filter(({ path }) => !excluded(path)), ...rest };
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
export async function listWorkspace(
  { context, agent, session, synced }: Cycle,
  direction: Direction,
): Promise<Look | RunReason> {
  const { runtime } = context;
  try {
    if (agent.workspace.kind === 's3') {
      const path = agent.sync.localPath;
      const prefix = workspacePrefix(agent.name) + (path === '' ? '' : `${path}/`);
      const bucket = required(runtime.env, environment.workspaceBucket);
      return { ...(await listPrefix(runtime.s3, bucket, prefix)), unlisted: [] };
    }
    const result = await session.run({ kind: 'list', from: { remote: synced, path: '' } });
    if (direction === 'pull' && isMissingFolder(result)) return missing;
    return lookOf('The workspace cannot be listed', result);
  } catch (error) {
    const message = `The workspace cannot be read: ${reasonOf(error).message}. Nothing was changed.`;
    return { code: 'source-unreadable', message };
  }
}

/** The listing of a cloud folder that is not there. */
const missing: Look = { files: [], folders: [], unlisted: [] };

/** Lists the cloud folder without what is excluded, but with everything in its `_outbox`. */
export async function listCloud({ session, cloud, exclude }: Cycle): Promise<Look> {
  const result = await session.run({
    kind: 'list',
    from: { remote: cloud, path: '' },
    exclude: inBothForms(exclude),
    // What a person drops is delivered, whatever is left out of the push.
    include: [`${reservedPattern(folders.outbox, cloud.caseInsensitive)}/**`],
  });
  if (isMissingFolder(result)) return missing;
  return lookOf('The cloud folder cannot be listed', result);
}

/** A folder that the provider names and does not know spoils nothing but itself. */
function lookOf(what: string, result: RcloneResult): Look {
  if (result.outcome === 'done') return { ...parseListing(result.stdout), unlisted: [] };
  const partial = partialListing(result);
  if (!partial) throw new RcloneError(what, result);
  return { ...partial.listing, unlisted: partial.unlisted };
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
      // Of an empty text the SDK sends no length, and warns of it in the log of every first run.
      Body: new Uint8Array(),
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
