import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Emulator } from '../../local/emulator.ts';
import {
  deployment,
  mailboxAgent,
  startWorld,
  type World,
  type WorldOptions,
} from '../../local/world.ts';
import {
  folders,
  statusPath,
  type AgentStatus,
  type JobReport,
  type JobRequest,
  type Receipt,
} from '../../functions/shared/contract/index.ts';
import { until } from '../fixtures/until.ts';
import { synthesize } from './world-assembly.ts';

/** Settings of an agent that a test changes. */
export interface AgentSettings {
  sync?: Record<string, unknown>;
  webhook?: Record<string, unknown>;
  workspace?: Record<string, unknown>;
  backup?: Record<string, unknown>;
}

/** What stands between the functions and the world, where a test wants to see their requests. */
export interface Between {
  env?: WorldOptions['env'];
  /** The address that the agents are given instead of the cloud folder's own. */
  cloudUrl?: (url: string, emulator: Emulator) => Promise<string>;
}

/** A deployment with one agent for each test, so that tests do not meet. */
export async function givenAgents(
  agents: Record<string, AgentSettings>,
  { env, cloudUrl }: Between = {},
): Promise<World> {
  return startWorld({
    synthesize,
    ...(env ? { env } : {}),
    configure: async (places, emulator) => {
      const url = (await cloudUrl?.(places.cloudUrl, emulator)) ?? places.cloudUrl;
      const base = mailboxAgent({ ...places, cloudUrl: url });
      return {
        deployment,
        agents: Object.fromEntries(
          Object.entries(agents).map(([name, { sync, webhook, workspace, backup }]) => [
            name,
            {
              ...(workspace ? { workspace } : {}),
              ...(backup ? { backup } : {}),
              sync: { ...base['sync'], remotePath: name, interval: 0, ...sync },
              webhook: { ...base['webhook'], agentId: name, ...webhook },
            },
          ]),
        ),
      };
    },
  });
}

/** One agent's mailbox, as a person and an agent see it. */
export class Mailbox {
  readonly world: World;
  readonly agent: string;

  constructor(world: World, agent: string) {
    this.world = world;
    this.agent = agent;
  }

  /** Path in the human's cloud folder. */
  cloudPath(path: string): string {
    return join(this.world.cloud.folder, this.agent, path);
  }

  async givenWorkspace(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await this.world.put('workspace', `${this.agent}/workspace/${path}`, text);
    }
  }

  async removeFromWorkspace(...paths: string[]): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    for (const path of paths) {
      const Bucket = this.world.outputs['WorkspaceBucketName'];
      const Key = `${this.agent}/workspace/${path}`;
      await this.world.s3.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  }

  /** Takes away what runs remember under this key. */
  async forgetState(Key: string): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const Bucket = this.world.outputs['StateBucketName'];
    await this.world.s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  async givenCloud(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(this.cloudPath(path)), { recursive: true });
      await writeFile(this.cloudPath(path), text);
    }
  }

  async removeFromCloud(path: string): Promise<void> {
    await rm(this.cloudPath(path), { recursive: true });
  }

  drop(name: string, text: string | Uint8Array): Promise<void> {
    return this.world.put('exchange', `${this.agent}/_outbox/${name}`, text);
  }

  /** Runs the sync job and returns its report, whatever it says. */
  async sync(request: Partial<JobRequest> = {}): Promise<JobReport> {
    const { error, payload } = await this.world.invoke('sync', { agent: this.agent, ...request });
    if (error) throw new Error(`the sync function threw: ${JSON.stringify(payload)}`);
    return payload as JobReport;
  }

  async drain(): Promise<JobReport> {
    const { error, payload } = await this.world.invoke('drain', { agent: this.agent });
    if (error) throw new Error(`the drain function threw: ${JSON.stringify(payload)}`);
    return payload as JobReport;
  }

  /** Files of the cloud folder by path, without folders. */
  async cloud(): Promise<Record<string, string>> {
    const root = this.cloudPath('');
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const named = files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length).replace(/^\//, ''), await readFile(path, 'utf8')] as const;
    });
    return Object.fromEntries(await Promise.all(named));
  }

  /** Files of the workspace by path, without folder markers and the status. */
  async workspace(below = ''): Promise<Record<string, string>> {
    const paths = await this.#paths(below);
    return this.#read(
      below,
      paths.filter((path) => path !== statusPath),
    );
  }

  /** What the agent finds in its workspace about itself. */
  async status(): Promise<AgentStatus | undefined> {
    const text = await this.world.get('workspace', `${this.agent}/workspace/${statusPath}`);
    return text && (JSON.parse(text.toString()) as AgentStatus);
  }

  /** What lies in the inbox, without the receipts. */
  async inbox(): Promise<Record<string, string>> {
    return this.#read('_inbox/', await this.#inboxPaths());
  }

  async #inboxPaths(): Promise<string[]> {
    return (await this.#paths('_inbox/')).filter((path) => !path.startsWith('.receipts/'));
  }

  /** Paths of files below a folder of the workspace, seen from there. */
  async #paths(below: string): Promise<string[]> {
    const prefix = `${this.agent}/workspace/${below}`;
    const keys = await this.world.keys('workspace', prefix);
    const paths = keys.filter((key) => !key.endsWith('/')).map((key) => key.slice(prefix.length));
    // How the agent is may be told there at any time.
    return paths.filter((path) => !path.startsWith(`${folders.own}/`));
  }

  async #read(below: string, paths: string[]): Promise<Record<string, string>> {
    const named = paths.map(async (path) => {
      const bytes = await this.world.get('workspace', `${this.agent}/workspace/${below}${path}`);
      return [path, bytes?.toString() ?? ''] as const;
    });
    return Object.fromEntries(await Promise.all(named));
  }

  async receipts(): Promise<Receipt[]> {
    return Object.values(await this.workspace('_inbox/.receipts/')).map(
      (text) => JSON.parse(text) as Receipt,
    );
  }

  /** Keys that are left in the drop folder. */
  async dropsLeft(): Promise<string[]> {
    const prefix = `${this.agent}/_outbox/`;
    return (await this.world.keys('exchange', prefix)).map((key) => key.slice(prefix.length));
  }

  /** Texts of the webhook requests that were sent for this agent. */
  webhooks(): string[] {
    return this.world.gateway.requests
      .map(({ body }) => JSON.parse(body) as { agentId?: string; text: string })
      .filter(({ agentId }) => agentId === this.agent)
      .map(({ text }) => text);
  }

  /** Waits until the drop folder is empty and this many files lie in the inbox. */
  async expectDelivered(count: number, withinMs?: number): Promise<Record<string, string>> {
    await until(
      `${count} files in the inbox of ${this.agent}`,
      async () =>
        (await this.dropsLeft()).length === 0 && (await this.#inboxPaths()).length >= count,
      withinMs,
    );
    return this.inbox();
  }

  /** Waits for a webhook request whose text holds these words. */
  async expectWebhook(words: string): Promise<string> {
    return until(`a webhook with ${words}`, () =>
      this.webhooks().find((text) => text.includes(words)),
    );
  }
}
