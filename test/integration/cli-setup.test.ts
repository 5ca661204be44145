import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  SchedulerClient,
  UpdateScheduleCommand,
  ListSchedulesCommand,
  GetScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { PurgeQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmptyWorld, startEmptyWorld } from '../../local/empty.ts';
import { asGateway } from '../../local/gateway.ts';
import { root } from '../../local/paths.ts';
import { tellSession } from '../../local/session.ts';
import type { Finding } from '../../cli/doctor/finding.ts';
import type { ListedSecret } from '../../cli/secrets/list.ts';
import { until } from '../fixtures/until.ts';

const minutes = 60_000;

let world: EmptyWorld;
let folder: string;
let outputs: Record<string, string>;

/** What one command said. */
interface Said {
  code: number | null;
  out: string;
  err: string;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'workspace-sync-cli-setup-'));
  world = await startEmptyWorld();
  await tellSession(world, join(folder, 'local.json'));
}, 5 * minutes);

afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const config = (): string => join(folder, 'workspace-sync.json');

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, WORKSPACE_SYNC_LOCAL: join(folder, 'local.json'), CI: '1' };
}

/** Runs the real command; `watch` is called again and again while it is at work. */
async function run(
  args: string[],
  { stdin = '', watch }: { stdin?: string; watch?: (pid: number) => void } = {},
): Promise<Said> {
  const node = join(root, 'node_modules', '.bin', 'node');
  const all = [join(root, 'cli', 'workspace-sync.mjs'), ...args, '--local', '--config', config()];
  const child = spawn(node, all, { env: environment() });
  const said: Said = { code: null, out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.err += text.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const timer =
    watch &&
    setInterval(() => {
      watch(child.pid ?? 0);
    }, 5);
  said.code = await new Promise((done) => child.once('close', done));
  clearInterval(timer);
  return said;
}

/** Arguments and environment of a process and all below it, as far as they can still be read. */
function visibleOf(pid: number): string {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return '';
    }
  };
  const tasks = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  return (
    read(`/proc/${pid}/cmdline`) +
    read(`/proc/${pid}/environ`) +
    tasks.map((child) => visibleOf(Number(child))).join('')
  );
}

async function examined(): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, out } = await run(['doctor', '--json']);
  return { code, findings: JSON.parse(out) as Finding[] };
}

async function expectWrong(check: string, words: RegExp): Promise<void> {
  const { code, findings } = await examined();
  const amiss = findings.filter((each) => each.check === check && each.state === 'wrong');
  expect(amiss.map(({ message }) => message).join('\n'), JSON.stringify(findings)).toMatch(words);
  expect(amiss.every(({ cure }) => (cure ?? '').length > 10)).toBe(true);
  expect(code).toBe(1);
}

describe('from nothing to a first drop', () => {
  it('names everything that a script has not answered', async () => {
    const { code, err } = await run(['setup']);
    expect(code).toBe(2);
    expect(err).toContain('--provider');
  });

  it('writes and deploys nothing where the cloud folder does not answer', async () => {
    const answers = join(folder, 'wrong.json');
    writeFileSync(answers, '{"provider":"custom","secrets":{"CLOUD_PASSWORD":"not-the-one"}}');
    const said = await run(['setup', '--answers', answers, '--generate-passphrase', '--yes']);
    expect(said.code).toBe(1);
    expect(said.err).toContain('does not accept the credentials');
    expect(said.err).not.toContain('not-the-one');
    expect(readdirSync(folder)).not.toContain('workspace-sync.json');
  });

  it(
    'sets up, shows the plan, runs it, and a drop arrives',
    async () => {
      await mkdir(join(world.cloud.folder, '_outbox'), { recursive: true });
      await writeFile(join(world.cloud.folder, '_outbox', 'early.txt'), 'dropped before');
      let seen = '';
      const said = await run(
        ['setup', '--provider', 'custom', '--generate-passphrase', '--interval', '3600', '--yes'],
        { watch: (pid) => (seen += visibleOf(pid)) },
      );
      expect(said.code, said.err).toBe(0);
      const plan = said.err.indexOf('The plan');
      expect(plan).toBeGreaterThan(0);
      expect(said.err.indexOf('early.txt')).toBeGreaterThan(plan);
      expect(said.err).toContain('workspace-sync drop hello.txt');
      const passphrase = /shown once: (\S+)/.exec(said.err)?.[1] ?? '';
      expect(passphrase.length).toBeGreaterThan(30);
      for (const secret of [world.cloud.password, world.hooksToken, passphrase]) {
        expect(seen).not.toContain(secret);
        expect(await readFile(config(), 'utf8')).not.toContain(secret);
      }
      expect(seen).toContain('workspace-sync.mjs');
      expect(readdirSync(join(world.cloud.folder, '_outbox'))).not.toContain('early.txt');
      const told = await until('the webhook', () =>
        world.gateway.requests.find(({ body }) => body.includes('early.txt')),
      );
      expect(told.headers['authorization']).toBe(`Bearer ${world.hooksToken}`);
      expect(JSON.parse(await readFile(config(), 'utf8'))).toMatchObject({
        agents: { main: { sync: { interval: 3600 } } },
      });
    },
    10 * minutes,
  );

  it(
    'keeps the interval and the schedule of an agent whose setup is repeated',
    async () => {
      const said = await run(['setup', '--provider', 'custom', '--no-first-run', '--yes']);
      expect(said.code, said.err).toBe(0);
      expect(said.err).toContain('scheduled already');
      expect(JSON.parse(await readFile(config(), 'utf8'))).toMatchObject({
        agents: { main: { sync: { interval: 3600 } } },
      });
      const { findings } = await examined();
      expect(findings.find(({ check }) => check === 'schedules')?.state).toBe('ok');
    },
    10 * minutes,
  );
});

describe('doctor', () => {
  it('finds nothing wrong with what has just been set up', async () => {
    const { code, findings } = await examined();
    expect(findings.filter(({ state }) => state === 'wrong')).toEqual([]);
    expect(new Set(findings.map(({ check }) => check)).size).toBeGreaterThan(14);
    expect(code).toBe(0);
  });

  it('says that the gateway refuses the token, and that it is gone', async () => {
    world.gateway.answer = asGateway('another-token');
    await expectWrong('webhook', /refuses the token/);
    world.gateway.answer = () => ({ status: 404 });
    await expectWrong('webhook', /no hooks/);
    world.gateway.answer = asGateway(world.hooksToken);
  });

  it('tells a wrong password of the cloud folder from both sides', async () => {
    await run(['secrets', 'set', 'CLOUD_PASSWORD'], { stdin: 'wrong\n' });
    await expectWrong('cloud-from-here', /credentials/);
    await expectWrong('cloud-from-lambda', /credentials/);
    await run(['secrets', 'set', 'CLOUD_PASSWORD'], { stdin: `${world.cloud.password}\n` });
    const { findings } = await examined();
    expect(findings.find(({ check }) => check === 'cloud-from-lambda')?.state).toBe('ok');
  });

  it(
    'sees a schedule that somebody has disabled, and a dead letter',
    async () => {
      const { client } = world.emulator;
      const said = await run(['deploy', '--yes', '--json']);
      expect(said.code, said.err).toBe(0);
      // What has just been set up is what the configuration says.
      expect(said.err).toContain('Number of stacks with differences: 0');
      outputs = (JSON.parse(said.out) as { outputs: Record<string, string> }).outputs;
      const scheduler = new SchedulerClient(client);
      const GroupName = outputs['ScheduleGroupName'];
      const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName }));
      const { Target, ScheduleExpression, FlexibleTimeWindow } = await scheduler.send(
        new GetScheduleCommand({ GroupName, Name: Schedules[0]?.Name }),
      );
      const same = {
        GroupName,
        Name: Schedules[0]?.Name,
        Target,
        ScheduleExpression,
        FlexibleTimeWindow,
      };
      await scheduler.send(new UpdateScheduleCommand({ ...same, State: 'DISABLED' }));
      await expectWrong('schedules', /disabled/);
      await scheduler.send(new UpdateScheduleCommand({ ...same, State: 'ENABLED' }));
      const sqs = new SQSClient(client);
      const QueueUrl = outputs['DeadNotificationQueueUrl'];
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
      await expectWrong('dead-letters', /1 in the queue of notifications/);
      await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    },
    10 * minutes,
  );
});

describe('secrets', () => {
  it('are set without showing them anywhere, and leave the others alone', async () => {
    const value = 'correct-horse-battery-staple-wagon';
    let seen = '';
    const said = await run(['secrets', 'set', 'BACKUP_PASSPHRASE', '--replace'], {
      stdin: `${value}\n`,
      watch: (pid) => (seen += visibleOf(pid)),
    });
    expect(said.code, said.err).toBe(0);
    expect(seen).toContain('BACKUP_PASSPHRASE');
    expect(seen + said.out + said.err).not.toContain(value);
    const listed = await run(['secrets', 'list', '--json']);
    const secrets = JSON.parse(listed.out) as ListedSecret[];
    expect(secrets.map(({ reference, isSet }) => [reference, isSet])).toEqual([
      ['CLOUD_PASSWORD', true],
      ['BACKUP_PASSPHRASE', true],
      ['WEBHOOK_TOKEN', true],
    ]);
    expect(listed.out).not.toContain(value);
  });

  it('refuses a weak passphrase, and a name that nothing refers to', async () => {
    const weak = await run(['secrets', 'set', 'BACKUP_PASSPHRASE', '--replace'], {
      stdin: 'hunter2\n',
    });
    expect(weak.code).toBe(2);
    expect(weak.err).toMatch(/weak.*--accept-weak/s);
    expect((await run(['secrets', 'set', 'NOBODYS'], { stdin: 'x' })).err).toContain(
      'CLOUD_PASSWORD',
    );
  });
});

describe('an openclaw.json', () => {
  it('is imported: its secrets become references, and what differs is told', async () => {
    const file = join(folder, 'openclaw.json');
    writeFileSync(
      file,
      `// of the gateway
      { gateway: { port: 18789 },
        plugins: { entries: { "openclaw-workspace-sync": { enabled: true, config: {
          sync: { provider: "s3", mode: "mirror", onSessionEnd: true, interval: 90,
            s3: { endpoint: "${world.emulator.url}", bucket: "elsewhere", region: "us-east-1",
                  accessKeyId: "\${S3_KEY_ID}", secretAccessKey: "literal-secret-key" } },
          backup: { enabled: true, encrypt: true, passphrase: "literal horse battery staple", provider: "s3" },
        } } } } }`,
    );
    const over = await run(['setup', '--import', file, '--yes', '--no-first-run']);
    expect(over.code).toBe(2);
    expect(over.err).toMatch(/has settings of agent "main" already.*--agent main/);
    const args = ['setup', '--import', file, '--agent', 'imported', '--yes', '--no-first-run'];
    const said = await run(args);
    expect(said.code).toBe(2);
    expect(said.err).toContain('secrets.S3_KEY_ID');
    expect(said.err).toMatch(/sync\.localPath.*shared/);
    expect(said.err).toContain('skill/hooks');
    expect(said.err).not.toContain('literal');
  });
});

describe('deploy and destroy', () => {
  it('is not deployed while a secret is missing', async () => {
    const text = await readFile(config(), 'utf8');
    await writeFile(config(), text.replace('${WEBHOOK_TOKEN}', '${OTHER_TOKEN}'));
    const said = await run(['deploy', '--yes']);
    expect(said.code).toBe(1);
    expect(said.err).toContain('workspace-sync secrets set OTHER_TOKEN --agent main');
    await expectWrong('secrets', /OTHER_TOKEN/);
    await writeFile(config(), text);
  });

  it('keeps the buckets when it is destroyed, and wants its name typed', async () => {
    expect((await run(['destroy', '--yes'])).code).toBe(2);
    expect((await run(['destroy', '--confirm', 'other'])).code).toBe(2);
    const said = await run(['destroy', '--confirm', 'local']);
    expect(said.code, said.err).toBe(0);
    const s3 = new S3Client({ ...world.emulator.client, forcePathStyle: true });
    for (const which of ['Workspace', 'Exchange', 'Snapshot', 'State']) {
      const Bucket = outputs[`${which}BucketName`];
      await s3.send(new HeadBucketCommand({ Bucket }));
      expect(said.err).toContain(Bucket);
    }
    expect((await run(['secrets', 'list'])).code).toBe(0);
    await expectWrong('deployment', /no deployment/);
  });
});
