/**
 * A workspace in S3 and a cloud folder for each of two systems: ours, as it is deployed, and rclone at
 * its defaults. Each has buckets and folders of its own on the same servers.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseConfig } from '../functions/shared/config/index.ts';
import { eventTypes, type JobReport } from '../functions/shared/contract/index.ts';
import { bundleHandler } from '../infra/constructs/bundle.ts';
import { tools } from '../local/paths.ts';
import { startRcloneServer, type RcloneServer } from '../local/rclone-server.ts';
import { startDelayingProxy, type DelayingProxy } from './delaying-proxy.ts';
import { runMeasured, type Command, type Usage } from './measure.ts';
import { startS3Server, type Counts, type S3Server } from './s3-server.ts';

/** What the cloud folder speaks; the workspace lies in S3. */
export type Setup = 's3' | 'webdav';
export type Mode = 'mirror' | 'bisync';
export type System = 'ours' | 'rclone';
export type Side = 'workspace' | 'cloud';

/** One cycle as it was measured; the requests are those of all its legs. */
export interface Sample extends Usage {
  requests: Record<Side | 'own', Counts>;
  legs: number;
}

export interface Cycle {
  setup: Setup;
  mode: Mode;
  system: System;
  latencyMs: number;
  /** The first one between these places. */
  isFirst: boolean;
  /** A leg of ours is over after so many seconds, and another one goes on. */
  legSeconds?: number;
}

export const fileBytes = 4_096;
export const filesPerFolder = 20;
export const rclone = join(tools, 'bin', 'rclone');
const credentials = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench-secret' };

export class ModeWorld {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'workspace-sync-bench-'));
  #s3!: S3Server;
  #webdav!: RcloneServer;
  #proxy!: DelayingProxy;

  static async start(): Promise<ModeWorld> {
    const world = new ModeWorld();
    world.#s3 = await startS3Server();
    world.#s3.secret = { KEY_ID: 'bench', KEY_SECRET: 'bench-secret' };
    world.#webdav = await startRcloneServer({
      protocol: 'webdav',
      folder: world.#freshFolder('webdav'),
      // With a time of 0 the server keeps a processor busy for ever once it has made a folder.
      args: ['--dir-cache-time=100ms'],
    });
    world.#proxy = await startDelayingProxy(world.#webdav.url);
    return world;
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.#webdav.stop();
    await this.#s3.stop();
    rmSync(this.#scratch, { recursive: true });
  }

  /** Empties both sides, and forgets what a system remembers of them. */
  reset(setup: Setup, system: System): void {
    for (const side of ['workspace', 'cloud'] as const)
      this.#s3.bucket(`${side}-${system}`).clear();
    if (setup === 'webdav') this.#freshFolder(join('webdav', system));
    if (system === 'ours') this.#s3.bucket('state').clear();
    else rmSync(join(this.#scratch, '.cache'), { recursive: true, force: true });
  }

  write(setup: Setup, system: System, side: Side, path: string, body: Buffer): void {
    if (side === 'cloud' && setup === 'webdav') {
      const file = join(this.#scratch, 'webdav', system, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, body);
      return;
    }
    const prefix = side === 'cloud' ? 'share' : 'main/workspace';
    this.#s3.bucket(`${side}-${system}`).put(`${prefix}/${path}`, body);
  }

  /** Runs a cycle to its end, over as many legs as it takes. */
  async run(cycle: Cycle): Promise<Sample> {
    this.#s3.counts.clear();
    this.#proxy.counts.clear();
    this.#late(cycle.latencyMs);
    try {
      const usage =
        cycle.system === 'ours' ? await this.#runOurs(cycle) : await this.#runRclone(cycle);
      return { ...usage, requests: this.#requests(cycle) };
    } finally {
      this.#late(0);
    }
  }

  #late(ms: number): void {
    this.#s3.latencyMs = ms;
    this.#proxy.latencyMs = ms;
  }

  #requests({ setup, system }: Cycle): Sample['requests'] {
    const of = (bucket: string): Counts => new Map(this.#s3.counts.get(bucket) ?? []);
    const own = new Map([...of('state'), ...of('services')]);
    return {
      workspace: of(`workspace-${system}`),
      cloud: setup === 'webdav' ? new Map(this.#proxy.counts) : of(`cloud-${system}`),
      own: system === 'ours' ? own : new Map<string, number>(),
    };
  }

  async #runRclone({ setup, mode, isFirst }: Cycle): Promise<Usage & { legs: number }> {
    const { workspace, cloud, env } = this.#remotes(setup, 'rclone');
    const args =
      mode === 'mirror'
        ? ['sync', cloud, workspace]
        : ['bisync', workspace, cloud, ...(isFirst ? ['--resync'] : [])];
    return { ...(await runMeasured({ file: rclone, args, env })), legs: 1 };
  }

  /** Each leg in a fresh process: a cold start is part of it. */
  async #runOurs(cycle: Cycle): Promise<Usage & { legs: number }> {
    const total = { wallMs: 0, cpuMs: 0, peakMb: 0, stdout: '', legs: 0 };
    let event: object | undefined = {
      agent: 'main',
      ...(cycle.isFirst && cycle.mode === 'bisync' && { resync: true }),
    };
    while (event) {
      this.#s3.events.length = 0;
      const usage = await runMeasured(this.#leg(cycle, event));
      total.wallMs += usage.wallMs;
      total.cpuMs += usage.cpuMs;
      total.peakMb = Math.max(total.peakMb, usage.peakMb);
      total.legs++;
      event = this.#nextLeg(usage.stdout);
    }
    return total;
  }

  #nextLeg(stdout: string): object | undefined {
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as JobReport;
    if (report.state === 'succeeded') return undefined;
    const next = this.#s3.events.find(({ DetailType }) => DetailType === eventTypes.continuation);
    if (report.state !== 'continued' || !next) {
      throw new Error(`The cycle ended otherwise: ${JSON.stringify(report).slice(0, 4_000)}`);
    }
    const { Source, DetailType, Detail } = next;
    return { source: Source, 'detail-type': DetailType, detail: JSON.parse(Detail) as unknown };
  }

  #leg({ setup, mode, legSeconds }: Cycle, event: object): Command {
    const folder = join(this.#scratch, `function-${setup}-${mode}`);
    bundleHandler('sync', [this.#agent(setup, mode)], folder);
    const call =
      `const { handler } = await import(${JSON.stringify(join(folder, 'index.mjs'))});` +
      `const report = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 900_000 });` +
      `console.log('\\n' + JSON.stringify(report));`;
    return {
      file: process.execPath,
      args: ['--input-type=module', '--eval', call],
      env: {
        ...credentials,
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: this.#s3.url,
        DEPLOYMENT: 'bench',
        WORKSPACE_BUCKET: 'workspace-ours',
        EXCHANGE_BUCKET: 'exchange',
        STATE_BUCKET: 'state',
        EVENT_BUS: 'bench',
        NOTIFICATION_QUEUE_URL: `${this.#s3.url}/queue`,
        FUNCTION_TIMEOUT_SECONDS: '900',
        S3_PROVIDER: 'Other',
        RCLONE_BINARY: rclone,
        TMPDIR: this.#scratch,
        ...(legSeconds === undefined ? {} : { LEG_SECONDS: String(legSeconds) }),
      },
    };
  }

  #agent(setup: Setup, mode: Mode): ReturnType<typeof parseConfig>['config']['agents'][number] {
    const webdav = {
      rcloneType: 'webdav',
      rcloneOptions: { url: this.#proxy.url, vendor: 'other' },
    };
    const s3 = {
      endpoint: this.#s3.url,
      bucket: 'cloud-ours',
      accessKeyId: '${KEY_ID}',
      secretAccessKey: '${KEY_SECRET}',
    };
    const cloud =
      setup === 'webdav'
        ? { provider: 'custom', remotePath: 'ours', custom: webdav }
        : { provider: 's3', remotePath: 'share', s3 };
    const sync = { mode, localPath: '/', interval: 300, timeout: 3_600, ...cloud };
    const [agent] = parseConfig({ agents: { main: { sync } } }).config.agents;
    if (!agent) throw new Error('The configuration has no agent.');
    return agent;
  }

  #remotes(
    setup: Setup,
    system: System,
  ): { workspace: string; cloud: string; env: Record<string, string> } {
    const s3 = { TYPE: 's3', PROVIDER: 'Other', ENDPOINT: this.#s3.url, ENV_AUTH: 'true' };
    const webdav = { TYPE: 'webdav', VENDOR: 'other', URL: this.#proxy.url };
    const variables = (name: string, options: Record<string, string>): [string, string][] =>
      Object.entries(options).map(([key, value]) => [`RCLONE_CONFIG_${name}_${key}`, value]);
    return {
      workspace: `ws:workspace-${system}/main/workspace`,
      cloud: setup === 'webdav' ? `cloud:${system}` : `cloud:cloud-${system}/share`,
      env: {
        ...credentials,
        HOME: this.#scratch,
        RCLONE_CONFIG: '/dev/null',
        ...Object.fromEntries([
          ...variables('WS', s3),
          ...variables('CLOUD', setup === 'webdav' ? webdav : s3),
        ]),
      },
    };
  }

  /** Fails unless both sides have the same files with the same content, going by MD5. */
  async compareSides(setup: Setup, system: System): Promise<void> {
    const { workspace, cloud, env } = this.#remotes(setup, system);
    // Behind the WebDAV server lies a folder, of which rclone works out the hashes itself.
    const there = setup === 'webdav' ? join(this.#scratch, 'webdav', system) : cloud;
    const reserved = ['_inbox', '_outbox', '.trash'].map((name) => `--exclude=/${name}/**`);
    const flags = ['--checksum', '--fast-list', '--checkers=16', ...reserved];
    await runMeasured({ file: rclone, args: ['check', workspace, there, ...flags], env });
  }

  #freshFolder(name: string): string {
    const folder = join(this.#scratch, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

export function pathOf(at: number): string {
  const folder = String(Math.floor(at / filesPerFolder)).padStart(4, '0');
  return `notes-${folder}/file-${String(at).padStart(5, '0')}.md`;
}

/** Text that no two files share. */
export function content(at: number): Buffer {
  const line = createHash('sha256').update(String(at)).digest('hex');
  return Buffer.from(line.repeat(fileBytes / line.length));
}
