import type { AgentConfig } from '../config/index.ts';
import { folders, type CloudFile, type CloudFiles } from '../contract/index.ts';
import { type FreshTokens, withFreshTokens } from '../credentials/fresh-tokens.ts';
import { isMissingFolder, parseListing, type ListedFile } from '../rclone/listing.ts';
import type { Remote } from '../rclone/remote.ts';
import { RcloneError } from '../rclone/session.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { openRclone } from '../runtime/rclone.ts';
import { agentCloud } from '../workspace/places.ts';
import { busy } from './leased.ts';

/**
 * Lists all that lies in an agent's cloud folder, whether a sync would carry it or not; nothing is
 * changed, and no file is opened.
 * @throws RcloneError where the provider does not answer, or refuses the credentials.
 */
export async function listCloudFolder(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (agent.sync.provider === 'off') {
    const message = `Agent "${agent.name}" has sync.provider "off": there is no cloud folder to list.`;
    return { state: 'skipped', reason: { code: 'off', message } };
  }
  const cloud = await agentCloud(context.runtime, agent);
  const files = await withFreshTokens(context, [cloud], (tokens) =>
    filesOf(context, tokens.in(cloud), tokens),
  );
  if (files && 'held' in files) return busy(files);
  const warnings = surprises(files, agent.sync.remotePath);
  return { state: 'succeeded', cloudFiles: summary(files ?? []), warnings };
}

/** In object storage a folder that is not there cannot be told from an empty one. */
function surprises(files: ListedFile[] | undefined, remotePath: string): string[] {
  if (files && files.length > 0) return [];
  const what = files ? 'holds no file' : 'is not there, the first sync makes it';
  return [`The cloud folder ${JSON.stringify(remotePath)} ${what}. Is sync.remotePath right?`];
}

/** The files of the folder; `undefined` where it does not exist. */
async function filesOf(
  context: RunContext,
  cloud: Remote,
  { onConfig }: FreshTokens,
): Promise<ListedFile[] | undefined> {
  const session = await openRclone(context, [cloud], { onConfig });
  try {
    const result = await session.run({ kind: 'list', from: { remote: cloud, path: '' } });
    if (isMissingFolder(result)) return undefined;
    if (result.outcome !== 'done') {
      throw new RcloneError('The cloud folder cannot be listed', result);
    }
    return parseListing(result.stdout).files;
  } finally {
    await session.close();
  }
}

function summary(files: readonly ListedFile[]): CloudFiles {
  const named = files.map(({ path, size, modified }): CloudFile => {
    return { path, bytes: size, modified };
  });
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    named: named.sort(
      (a, b) => Number(isOurs(a.path)) - Number(isOurs(b.path)) || (a.path < b.path ? -1 : 1),
    ),
  };
}

/** Trash and the like can hold more files than the folder itself, and nobody asks for them first. */
const ours = [folders.trash, folders.quarantine, folders.restored].map((folder) => `${folder}/`);

function isOurs(path: string): boolean {
  return ours.some((folder) => path.startsWith(folder));
}
