import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../functions/shared/clock.ts';
import { folderRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import { openRclone } from '../../functions/shared/runtime/rclone.ts';
import { type JobFunction, runJob } from '../../functions/shared/runtime/run.ts';
import type { Runtime } from '../../functions/shared/runtime/runtime.ts';
import { secretStore } from '../../functions/shared/secrets/store.ts';
import { createLog } from '../../functions/shared/telemetry.ts';
import { MemoryObjectStore } from '../fixtures/memory-object-store.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';

const secret = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCY';
/** Names that could draw on a terminal, forge a line, or read otherwise than they are. */
const hostile = [
  'red \u001b[31malarm\u001b[0m.txt',
  'clear\u001b]0;title\u0007.txt',
  'over\rwritten.txt',
  'bell\u0007 and \u009bcsi.txt',
  'invoice\u202egnp.exe',
  '\u2066isolated\u2069.md',
  'line\u2028break.txt',
  'two\n{"level":"INFO","message":"forged"}',
];
const raw = /(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** What goes to CloudWatch, byte by byte. */
class RawOutput {
  text = '';

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
        this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
        return true;
      });
    }
  }

  lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

describe('the log of a run', () => {
  let world: RcloneWorld;
  let output: RawOutput;
  let runtime: Runtime;

  beforeEach(() => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    const events = new EventBridgeClient();
    mockClient(events).on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
    world = new RcloneWorld();
    output = new RawOutput();
    runtime = {
      env: {
        FUNCTION_TIMEOUT_SECONDS: '900',
        EVENT_BUS: 'bus',
        RCLONE_BINARY: rcloneBinary(),
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: secret,
      },
      deployment: 'test',
      clock: systemClock,
      log: createLog({ deployment: 'test' }),
      emit: () => undefined,
      s3: new S3Client(),
      sqs: new SQSClient(),
      events,
      secrets: secretStore(new SecretsManagerClient(), 'test'),
      store: new MemoryObjectStore(),
      s3Access: { provider: 'AWS', region: 'us-east-1' },
      agentsDirectory: '/nowhere',
      recoveryKit: '/nowhere',
      temporaryFolder: world.temporary,
    };
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    world.remove();
  });

  function run(runId: string, job: JobFunction): ReturnType<typeof runJob> {
    const request = { job: 'sync', agent: 'ann', trigger: 'manual', runId } as const;
    return runJob(runtime, { request }, { getRemainingTimeInMillis: () => 900_000 }, job);
  }

  /** Copies with the real rclone, which logs every name. */
  function copying(to: Remote): JobFunction {
    return async (context) => {
      const from = folderRemote('workspace', world.workspaceFolder);
      const session = await openRclone(context, [from, to]);
      try {
        const [source, target] = [from, to].map((remote) => ({ remote, path: '' }));
        if (!source || !target) throw new Error('two places were given');
        const { account } = await session.run({ kind: 'copy-folder', from: source, to: target });
        const names = [...account.copied.map(({ path }) => path), ...hostile];
        runtime.log.warn(`not copied: ${hostile.join(', ')}`, { names });
        return {
          state: 'partial',
          reason: { code: 'files-skipped', message: `left out: ${hostile.join(', ')}` },
          skipped: names.map((path) => ({ path, reason: `refused: ${path}` })),
        };
      } finally {
        await session.close();
      }
    };
  }

  it('bears the run in every line, rclone’s own among them', async () => {
    world.write({ 'workspace/a.txt': 'a', 'workspace/b.txt': 'b' });
    const to = folderRemote('cloud', world.cloudFolder);

    await run('20261122T100000Z-00000001', copying(to));
    const first = output.lines();
    await run('20261122T100000Z-00000002', copying(to));
    const second = output.lines().slice(first.length);
    runtime.log.info('after the runs');

    expect(first.filter(({ message }) => String(message).startsWith('rclone:'))).not.toEqual([]);
    const facts = { agent: 'ann', job: 'sync', leg: 1, deployment: 'test' };
    for (const line of first) {
      expect(line).toMatchObject({ ...facts, runId: '20261122T100000Z-00000001' });
    }
    for (const line of second) expect(line).toMatchObject({ runId: '20261122T100000Z-00000002' });
    expect(output.lines().at(-1)).not.toHaveProperty('runId');
  });

  it('never has a hostile name as it is', async () => {
    for (const name of hostile) world.write({ [`workspace/${name}`]: 'text' });

    await run('20261122T100000Z-00000003', copying(folderRemote('cloud', world.cloudFolder)));
    await run('20261122T100000Z-00000004', () => {
      throw new Error(`cannot read ${hostile.join(', ')}`);
    });

    expect(Object.keys(world.read('cloud'))).toHaveLength(hostile.length);
    expect(output.text).toContain('\\\\u001b[31malarm');
    expect(output.text).toContain('\\\\u202egnp');
    expect(output.text).not.toMatch(raw);
    expect(output.lines().filter(({ message }) => message === 'forged')).toEqual([]);
  });

  it('never has a secret of rclone’s environment or of a remote', async () => {
    world.write({ [`workspace/${secret}.txt`]: 'named after it', 'workspace/a.txt': 'a' });
    const link = 'sharelink-5f2d8c1b7a';
    const nobody = world.webdav(`http://127.0.0.1:9/${link}/`, {
      bearer_token: 'bearer-of-the-token',
    });

    await run('20261122T100000Z-00000005', copying(folderRemote('cloud', world.cloudFolder)));
    await run('20261122T100000Z-00000006', async (context) => {
      const session = await openRclone(context, [nobody]);
      try {
        const answer = await session.run({ kind: 'list', from: { remote: nobody, path: '' } });
        throw new Error(`the list failed: ${answer.outcome}`);
      } finally {
        await session.close();
      }
    });

    const lines = output.lines().filter(({ runId }) => runId === '20261122T100000Z-00000006');
    expect(lines.filter(({ message }) => String(message).includes('127.0.0.1'))).not.toEqual([]);
    expect(output.text).toContain('***');
    expect(output.text).not.toContain(link);
    expect(output.text).not.toContain('bearer-of-the-token');
    const ofRclone = output.lines().filter(({ message }) => String(message).startsWith('rclone:'));
    expect(JSON.stringify(ofRclone)).not.toContain(secret);
  });
});
