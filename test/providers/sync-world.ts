import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { agentSchema, type AgentConfig } from '../../functions/shared/config/agent.ts';
import { isoTime } from '../../functions/shared/clock.ts';
import type { JobReport, JobRequest, RunProgress } from '../../functions/shared/contract/index.ts';
import { sync } from '../../functions/shared/jobs/sync.ts';
import { noTotals } from '../../functions/shared/runtime/report.ts';
import { RunWorld } from '../unit/runtime/world.ts';
import { driveId } from './onedrive.ts';
import type { ProviderKind } from './provider.ts';
import { ProviderWorld } from './world.ts';

const token = '${TOKEN}';

/** The blocks of a configuration that open each provider. */
export const providerBlocks: Record<ProviderKind, object> = {
  dropbox: { provider: 'dropbox', dropbox: { token } },
  onedrive: { provider: 'onedrive', onedrive: { token, driveId, driveType: 'business' } },
  drive: { provider: 'gdrive', gdrive: { token } },
  box: { provider: 'custom', custom: { rcloneType: 'box', rcloneOptions: { token } } },
};

/** Whole runs of `sync`, with the real rclone, between a folder and a provider on this machine. */
export class SyncWorld {
  readonly world: ProviderWorld;
  /** Remembers between runs; its own log and events, too. */
  runs = new RunWorld();
  /** What the secret holds, if not a token of now. */
  token: string | undefined;

  private constructor(world: ProviderWorld) {
    this.world = world;
  }

  static async start(kind: ProviderKind): Promise<SyncWorld> {
    return new SyncWorld(await ProviderWorld.start(kind));
  }

  reset(): void {
    this.world.reset();
    this.runs = new RunWorld();
    this.token = undefined;
  }

  agent(settings: object): AgentConfig {
    return agentSchema.parse({
      name: 'main',
      workspace: { kind: 'remote', rcloneType: 'local', path: this.world.rclone.workspaceFolder },
      sync: {
        ...providerBlocks[this.world.kind],
        remotePath: 'Agent',
        localPath: '/',
        settle: 0,
        ...settings,
      },
      backup: {},
    });
  }

  /** One run of the job, as a function would do it. */
  async sync(settings: object, request: Partial<JobRequest> = {}): Promise<JobReport> {
    const { runs, world } = this;
    const TOKEN = this.token ?? world.provider.token();
    runs.secrets
      .on(GetSecretValueCommand)
      .resolves({ SecretString: JSON.stringify({ TOKEN }), VersionId: 'v1' });
    const agent = this.agent(settings);
    return runs.run((context) => {
      const { runtime } = context;
      const env = { ...runtime.env, RCLONE_BINARY: world.provider.binary };
      const temporaryFolder = world.rclone.temporary;
      // A token of today has not expired on the day that these runs begin.
      return sync({ ...context, runtime: { ...runtime, env, temporaryFolder } }, agent);
    }, request);
  }

  /** Paths and texts in the cloud folder, below `Agent/`. */
  cloud(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.world.provider.files.texts)
        .filter(([path]) => path.startsWith('Agent/'))
        .map(([path, text]) => [path.slice('Agent/'.length), text]),
    );
  }

  givenCloud(files: Record<string, string>): void {
    this.world.provider.files.write(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`Agent/${path}`, text])),
    );
  }

  givenWorkspace(files: Record<string, string>): void {
    this.world.rclone.write(
      Object.fromEntries(
        Object.entries(files).map(([path, text]) => [join('workspace', path), text]),
      ),
    );
  }

  removeFromWorkspace(path: string): void {
    rmSync(join(this.world.rclone.workspaceFolder, path));
  }

  /** A run that began now, for a request that goes on with it. */
  progress(): RunProgress {
    const startedAt = isoTime(this.runs.time);
    return { runId: 'run', leg: 1, startedAt, legsWithoutProgress: 0, totals: noTotals };
  }

  workspace(): Record<string, string> {
    return this.world.rclone.read('workspace');
  }

  async close(): Promise<void> {
    await this.world.close();
  }
}
