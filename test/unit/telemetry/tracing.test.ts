import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../fixtures/traced-run.ts', import.meta.url));

/** What the daemon of X-Ray is told. */
interface Segment {
  name: string;
  trace_id: string;
  parent_id: string;
  end_time?: number;
  annotations?: Record<string, unknown>;
}

describe('traces', () => {
  let daemon: Socket;
  let segments: Segment[];

  beforeEach(async () => {
    segments = [];
    daemon = createSocket('udp4');
    daemon.on('message', (datagram) => {
      const [, body = ''] = datagram.toString().split('\n');
      segments.push(JSON.parse(body) as Segment);
    });
    daemon.bind(0, '127.0.0.1');
    await once(daemon, 'listening');
  });
  afterEach(() => {
    daemon.close();
  });

  /** Runs the script in an environment like that of a function. */
  async function run(env: Record<string, string>): Promise<unknown> {
    const child = spawn(process.execPath, [script], {
      env: {
        LAMBDA_TASK_ROOT: '/var/task',
        AWS_LAMBDA_FUNCTION_NAME: 'sync',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
        _X_AMZN_TRACE_ID:
          'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
        ...env,
      },
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    return JSON.parse(said);
  }

  it('bear whose run it was and how it ended, where they are wanted', async () => {
    expect(await run({ TRACING: 'on' })).toEqual({ state: 'partial', loaded: true });

    await expect.poll(() => segments.length).toBe(1);
    expect(segments[0]).toMatchObject({
      name: '## sync',
      trace_id: '1-5759e988-bd862e3fe1be46a994272793',
      annotations: {
        agent: 'ann',
        job: 'sync',
        runId: '20261122T100000Z-00000001',
        state: 'partial',
      },
    });
    expect(segments[0]?.end_time).toBeGreaterThan(0);
  });

  it('are not made, and their code is not loaded, where they are not', async () => {
    expect(await run({})).toEqual({ state: 'partial', loaded: false });
    expect(segments).toEqual([]);
  });

  it('that cannot be made leave the run as it is', async () => {
    expect(await run({ TRACING: 'on', _X_AMZN_TRACE_ID: '' })).toMatchObject({ state: 'partial' });
  });
});
