import { S3Client } from '@aws-sdk/client-s3';
import { backupPlace, type AgentConfig, type PlaceSettings } from '../config/index.ts';
import { environment, statePrefix, workspacePrefix } from '../contract/index.ts';
import { meterRequests } from '../cost/request-meter.ts';
import type { AuthorizedRemote } from '../credentials/credential.ts';
import { type FreshTokens, withFreshTokens } from '../credentials/fresh-tokens.ts';
import { cloudRemote, type Remote } from '../rclone/remote.ts';
import type { RcloneSession } from '../rclone/session.ts';
import { openRclone } from '../runtime/rclone.ts';
import type { RunContext } from '../runtime/run.ts';
import { required, type Runtime } from '../runtime/runtime.ts';
import { rootsIn } from '../snapshot/pack/items.ts';
import { segmentLimits } from '../snapshot/pack/backup.ts';
import type { Location } from '../snapshot/pack/location.ts';
import { folderSource } from '../snapshot/source/folder-source.ts';
import { rcloneSource } from '../snapshot/source/rclone-source.ts';
import { s3Source } from '../snapshot/source/s3-source.ts';
import type { Source } from '../snapshot/source/source.ts';
import { rcloneStore } from '../snapshot/store/rclone-store.ts';
import { s3Store } from '../snapshot/store/s3-store.ts';
import type { SnapshotStore } from '../snapshot/store/store.ts';
import { busy } from './leased.ts';
import type { JobResult } from '../runtime/report.ts';
import type { LeaseHeld } from '../state/lease.ts';
import {
  agentCloud,
  mounted,
  remoteOf,
  stateRemote,
  withSecrets,
  workspaceRemote,
} from '../workspace/places.ts';

/** The places that rclone reaches, by what they are to a job. */
interface Remotes {
  workspace?: AuthorizedRemote;
  state?: AuthorizedRemote;
  cloud?: AuthorizedRemote;
}

/** What a job about snapshots works with. */
export interface SnapshotPlaces {
  store: SnapshotStore;
  /** Where the agent's files are read from. */
  locations: Location[];
  /** The places that rclone reaches, by what they are to the job. */
  remotes: Remotes;
  /** The store's remote, where rclone reaches it. */
  storage: Remote | undefined;
  /** Absent where nothing needs rclone. */
  session: RcloneSession | undefined;
  /** How large a segment may get in this store, before compression. */
  segmentBytes: number;
}

/** A backend that cannot take streams keeps a whole object in the function's 512 MB of disk. */
const remoteSegmentBytes = 384 * 1024 * 1024;

/** Which places a job needs beside the store. */
export interface PlaceNeeds {
  /** The workspace and the agent's state: to read them, or to write to them. */
  files?: boolean;
  cloud?: boolean;
}

/** What must be left after the platform's deadline is near: rclone is stopped before. */
const reserveMs = 5_000;

/**
 * Opens the places, does the work, and closes them whatever happens. Credentials that refreshing
 * changes are fresh for the leg; a leg that cannot have one, because another run uses it, leaves the
 * work to the next.
 */
export async function withPlaces(
  context: RunContext,
  agent: AgentConfig,
  needs: PlaceNeeds,
  work: (places: SnapshotPlaces) => Promise<JobResult>,
): Promise<JobResult> {
  const storage = await storageOf(context.runtime, agent);
  const remotes = await remotesOf(context.runtime, agent, needs);
  const all = [storage.remote, ...listed(remotes)];
  const result = await withFreshTokens(context, all, (tokens) => {
    const places = {
      storage: { ...storage, ...(storage.remote ? { remote: tokens.in(storage.remote) } : {}) },
      remotes: withTokens(tokens, remotes),
      files: needs.files === true,
    };
    return inSession(context, agent, places, tokens, work);
  });
  return 'held' in result ? postponed(context, result) : result;
}

interface ClosedPlaces {
  storage: Storage;
  remotes: Remotes;
  files: boolean;
}

async function inSession(
  context: RunContext,
  agent: AgentConfig,
  { storage, remotes, files }: ClosedPlaces,
  { onConfig }: FreshTokens,
  work: (places: SnapshotPlaces) => Promise<JobResult>,
): Promise<JobResult> {
  const { runtime, budget } = context;
  const all = sections([storage.remote, ...listed(remotes)]);
  const session =
    all.length === 0
      ? undefined
      : await openRclone(context, all, {
          // A leg stops packing before; what is under way has to be ended well.
          remaining: () => Math.max(0, budget.deadline - runtime.clock.now() - reserveMs),
          onConfig,
        });
  const locations = files ? locationsOf(runtime, agent, remotes, session) : [];
  const store = storage.open(session, storage.remote);
  try {
    const segmentBytes = storage.remote ? remoteSegmentBytes : segmentLimits.bytes;
    return await work({
      store,
      locations,
      remotes,
      storage: storage.remote,
      session,
      segmentBytes,
    });
  } finally {
    await Promise.all(locations.map(({ source }) => source.close()));
    await store.close();
    await session?.close();
  }
}

function listed({ workspace, state, cloud }: Remotes): (AuthorizedRemote | undefined)[] {
  return [workspace, state, cloud];
}

/** One of each name: remotes that share a credential may be one section of the config file. */
function sections(remotes: readonly (Remote | undefined)[]): Remote[] {
  const present = remotes.filter((remote) => remote !== undefined);
  return [...new Map(present.map((remote) => [remote.name, remote])).values()];
}

function withTokens(tokens: FreshTokens, { workspace, state, cloud }: Remotes): Remotes {
  return {
    ...(workspace ? { workspace: tokens.in(workspace) } : {}),
    ...(state ? { state: tokens.in(state) } : {}),
    ...(cloud ? { cloud: tokens.in(cloud) } : {}),
  };
}

/** A short run is waited for; for a long one the next leg asks, where there is one. */
function postponed({ request }: RunContext, held: LeaseHeld): JobResult {
  if (request.job === 'list' || request.dryRun === true) return busy(held);
  const text = `run ${held.runId} is using the same credential; the next leg tries again`;
  return { state: 'continued', warnings: [text] };
}

interface Storage {
  remote?: AuthorizedRemote;
  open(session: RcloneSession | undefined, remote: Remote | undefined): SnapshotStore;
}

async function storageOf(runtime: Runtime, agent: AgentConfig): Promise<Storage> {
  const place = backupPlace(agent);
  if (place.kind === 'own') {
    const bucket = required(runtime.env, environment.snapshotBucket);
    const description = `the deployment's snapshot bucket, below ${place.prefix}`;
    return {
      open: () =>
        s3Store({
          client: runtime.s3,
          bucket,
          prefix: place.prefix,
          description,
          log: runtime.log,
        }),
    };
  }
  const { scope, settings } = place;
  if (settings.provider === 's3') {
    const answered = await withSecrets(runtime, agent.name, scope, settings);
    return { open: () => bucketStore(runtime, answered) };
  }
  const described = await remoteOf(runtime, agent.name, scope, settings, (answered) =>
    cloudRemote('snapshots', answered, runtime.s3Access),
  );
  const description = `the ${settings.provider} folder ${JSON.stringify(settings.remotePath)}`;
  return {
    remote: described,
    open: (session, remote = described) =>
      rcloneStore({ session: opened(session), remote, description }),
  };
}

/** A bucket of the operator's: by the function's role, or by keys where the configuration has them. */
function bucketStore({ s3, s3Access, log }: Runtime, settings: PlaceSettings): SnapshotStore {
  const { bucket = '', endpoint, region, accessKeyId, secretAccessKey } = settings.s3 ?? {};
  const prefix = settings.remotePath === '' ? '' : `${settings.remotePath}/`;
  const isOwn = !endpoint && accessKeyId === undefined;
  const client = isOwn
    ? s3
    : new S3Client({
        region: region ?? s3Access.region,
        followRegionRedirects: true,
        ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
        ...(accessKeyId !== undefined && secretAccessKey !== undefined
          ? { credentials: { accessKeyId, secretAccessKey } }
          : {}),
      });
  if (!isOwn && !endpoint) meterRequests(client);
  const description = `the bucket ${bucket}, below ${JSON.stringify(prefix)}`;
  const store = s3Store({ client, bucket, prefix, description, log });
  return {
    ...store,
    close: async () => {
      await store.close();
      if (!isOwn) client.destroy();
    },
  };
}

async function remotesOf(
  runtime: Runtime,
  agent: AgentConfig,
  { files, cloud }: PlaceNeeds,
): Promise<Remotes> {
  const reached = files === true && agent.workspace.kind === 'remote';
  const [workspace, state, cloudFolder] = await Promise.all([
    reached ? workspaceRemote(runtime, agent) : undefined,
    reached ? stateRemote(runtime, agent) : undefined,
    cloud === true ? agentCloud(runtime, agent) : undefined,
  ]);
  return {
    ...(workspace ? { workspace } : {}),
    ...(state ? { state } : {}),
    ...(cloudFolder ? { cloud: cloudFolder } : {}),
  };
}

/** The state sorts before the workspace, in the archive too. */
function locationsOf(
  runtime: Runtime,
  agent: AgentConfig,
  remotes: Remotes,
  session: RcloneSession | undefined,
): Location[] {
  const { include } = agent.backup;
  const sources = sourcesOf(runtime, agent, remotes, session);
  return (['state', 'workspace'] as const).flatMap((name) => {
    const source = sources[name];
    const roots = rootsIn(name, include);
    return source && roots.length > 0 ? [{ name, source, roots }] : [];
  });
}

function sourcesOf(
  runtime: Runtime,
  { name, workspace }: AgentConfig,
  remotes: Remotes,
  session: RcloneSession | undefined,
): { workspace: Source; state: Source | undefined } {
  switch (workspace.kind) {
    case 's3': {
      const bucket = required(runtime.env, environment.workspaceBucket);
      const at = (prefix: string): Source => s3Source({ client: runtime.s3, bucket, prefix });
      return { workspace: at(workspacePrefix(name)), state: at(statePrefix(name)) };
    }
    case 'efs': {
      const { path, statePath } = workspace;
      return {
        workspace: folderSource(mounted(path)),
        state: statePath === undefined ? undefined : folderSource(mounted(statePath)),
      };
    }
    case 'remote': {
      const at = (remote: Remote): Source => rcloneSource({ session: opened(session), remote });
      if (!remotes.workspace) throw new Error('The remote of the workspace was not asked for.');
      return {
        workspace: at(remotes.workspace),
        state: remotes.state && at(remotes.state),
      };
    }
  }
}

function opened(session: RcloneSession | undefined): RcloneSession {
  if (!session) throw new Error('A remote was opened without rclone.');
  return session;
}
