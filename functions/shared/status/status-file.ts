import { randomBytes } from 'node:crypto';
import {
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { AgentConfig } from '../config/index.ts';
import {
  environment,
  folders,
  statusPath,
  workspacePrefix,
  type AgentStatus,
} from '../contract/index.ts';
import { withFreshTokens } from '../credentials/fresh-tokens.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { openRclone } from '../runtime/rclone.ts';
import type { LegContext } from '../runtime/run.ts';
import { required, type Runtime } from '../runtime/runtime.ts';
import { mounted, workspaceRemote } from '../workspace/places.ts';

/**
 * Puts the status into the agent's workspace, whatever that lies on, so that the agent can say how it
 * stands without any access to AWS. It replaces what lies there.
 * @throws whatever the place throws: a gateway that is away cannot be told anything.
 */
export async function writeStatusFile(
  context: LegContext,
  agent: AgentConfig,
  status: AgentStatus,
): Promise<void> {
  const text = `${JSON.stringify(status, undefined, 2)}\n`;
  switch (agent.workspace.kind) {
    case 's3':
      return writeObject(context.runtime, agent.name, text);
    case 'efs':
      writeInFolder(mounted(agent.workspace.path), text);
      return;
    case 'remote':
      return writeToRemote(context, agent, text);
  }
}

async function writeObject({ s3, env }: Runtime, agent: string, Body: string): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: required(env, environment.workspaceBucket),
      Key: `${workspacePrefix(agent)}${statusPath}`,
      Body,
      ContentType: 'application/json',
    }),
  );
}

const asNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Whole or not at all, and never through a link: the agent writes to the same file system.
 * @throws StatusFolderError
 */
export function writeInFolder(workspace: string, text: string): void {
  const folder = join(workspace, folders.own);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (!lstatSync(folder).isDirectory()) throw new StatusFolderError(folder);
  const unfinished = join(folder, `.status-${randomBytes(8).toString('hex')}`);
  try {
    writeNew(unfinished, text);
    renameSync(unfinished, join(workspace, statusPath));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, asNew, 0o644);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

async function writeToRemote(context: LegContext, agent: AgentConfig, text: string): Promise<void> {
  const workspace = await workspaceRemote(context.runtime, agent);
  await withFreshTokens(context, [workspace], async (tokens) => {
    const remote = tokens.in(workspace);
    const session = await openRclone(context, [remote], { onConfig: tokens.onConfig });
    try {
      await session.write({ remote, path: statusPath }, Readable.from([Buffer.from(text)]));
    } finally {
      await session.close();
    }
  });
}

/** Something else lies where the folder of the status should be. */
class StatusFolderError extends WorkspaceSyncError {
  constructor(folder: string) {
    super(
      `${JSON.stringify(folder)} is no folder, or a link to one: the status is not written through it. Remove it.`,
      { code: 'status-folder', retryable: false },
    );
  }
}
