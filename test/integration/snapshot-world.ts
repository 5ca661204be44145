import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHash, hash } from 'node:crypto';
import type { Job, JobReport, JobRequest } from '../../functions/shared/contract/index.ts';
import { s3Source } from '../../functions/shared/snapshot/source/s3-source.ts';
import { wholeFileLimit } from '../../functions/shared/snapshot/source/source.ts';
import { mapAhead } from '../../functions/shared/snapshot/source/ahead.ts';
import { output, type World } from '../../local/world.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { until } from '../fixtures/until.ts';

/** SHA-256 of files by path: what is compared, for whole contents would take minutes. */
export type Hashes = Record<string, string>;

/** One agent's files and snapshots. */
export class SnapshotAgent {
  readonly world: World;
  readonly agent: string;

  constructor(world: World, agent: string) {
    this.world = world;
    this.agent = agent;
  }

  /** Puts files below `<agent>/`: `workspace/…` and `state/…`. */
  async given(files: Record<string, string | Buffer>): Promise<void> {
    await inParallel(16, Object.entries(files), ([path, content]) => this.#put(path, content));
  }

  /** Not through the SDK, which would take longer over thousands of files than what is tested. */
  async #put(path: string, content: string | Buffer): Promise<void> {
    const key = `${this.agent}/${path}`.split('/').map(encodeURIComponent).join('/');
    const bucket = output(this.world.outputs, 'WorkspaceBucketName');
    const url = `${this.world.emulator.url}/${bucket}/${key}`;
    const body = typeof content === 'string' ? content : new Uint8Array(content);
    const response = await fetch(url, { method: 'PUT', body });
    if (!response.ok) throw new Error(`PUT ${url}: ${response.status}`);
    await response.arrayBuffer();
  }

  async run(job: Job, request: Partial<JobRequest> & object = {}): Promise<JobReport> {
    const { error, payload } = await this.world.invoke(job, { agent: this.agent, ...request });
    if (error) throw new Error(`the ${job} function threw: ${JSON.stringify(payload)}`);
    return payload as JobReport;
  }

  /** Names of the objects below the agent's prefix in the snapshot bucket. */
  async stored(): Promise<string[]> {
    const keys = await this.world.keys('snapshot', `${this.agent}/`);
    return keys.map((key) => key.slice(this.agent.length + 1));
  }

  async manifests(): Promise<string[]> {
    return (await this.stored()).filter((name) => name.endsWith('.manifest.json'));
  }

  /** What lies below a prefix of the workspace bucket. */
  async hashesBelow(prefix: string): Promise<Hashes> {
    const bucket = output(this.world.outputs, 'WorkspaceBucketName');
    const source = s3Source({ client: this.world.s3, bucket, prefix });
    const read = mapAhead(source.files(['']), 64, async (entry) => {
      const digest = createHash('sha256');
      if (entry.size <= wholeFileLimit) digest.update((await source.readWhole(entry)).bytes);
      else for await (const chunk of (await source.open(entry)).body) digest.update(chunk);
      return [entry.path, digest.digest('hex')] as const;
    });
    const found: Hashes = {};
    for await (const [path, digest] of read) found[path] = digest;
    await source.close();
    return found;
  }

  /** What a restore has brought, below its own prefix. */
  async restored({ restoredTo = '' }: JobReport): Promise<Hashes> {
    return this.hashesBelow(restoredTo.replace(/^s3:\/\/[^/]+\//, ''));
  }

  /** The report of a run in the history. */
  async reportOf(
    job: Job,
    matches: (report: JobReport) => boolean,
  ): Promise<JobReport | undefined> {
    const keys = await this.world.keys('state', `history/${this.agent}/`);
    for (const key of keys.filter((name) => name.endsWith(`-${job}.json`))) {
      const report = JSON.parse(String(await this.world.get('state', key))) as JobReport;
      if (matches(report)) return report;
    }
    return undefined;
  }

  async expectReport(job: Job, matches: (report: JobReport) => boolean): Promise<JobReport> {
    return until(`a report of ${job}`, () => this.reportOf(job, matches));
  }

  /** A copy of everything in the snapshot bucket below the agent's prefix. */
  async copyOfObjects(): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'snapshot-copy-'));
    for (const name of await this.stored()) {
      const at = join(folder, name);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, (await this.world.get('snapshot', `${this.agent}/${name}`)) ?? '');
    }
    return folder;
  }
}

/** Hashes of contents, as `hashesBelow` gives them. */
export function hashesOf(files: Record<string, string | Buffer>): Hashes {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, hash('sha256', content)]),
  );
}
