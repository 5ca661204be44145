/**
 * Asserts each behaviour of the local AWS emulator that the project's tests rely on, one by one, so
 * that an upgrade of the emulator which breaks one says which. Nothing of the project itself runs
 * here. The schedule is left to the deployment's own test: it takes a minute to fire.
 */
import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandOutput,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeZip } from '../../layers/rclone/zip.mjs';
import { type Emulator, account, startEmulator } from '../../local/emulator.ts';

let emulator: Emulator;
let s3: S3Client;
let sqs: SQSClient;
let lambda: LambdaClient;
let events: EventBridgeClient;
let secrets: SecretsManagerClient;
let scratch: string;
let count = 0;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'emulator-canary-'));
  vi.stubEnv('CANARY_SECRET', 'must not leak');
  emulator = await startEmulator({ env: { LAMBDA_ASYNC_RETRY_BASE_SECONDS: '0.1' } });
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  sqs = new SQSClient(emulator.client);
  lambda = new LambdaClient(emulator.client);
  events = new EventBridgeClient(emulator.client);
  secrets = new SecretsManagerClient(emulator.client);
});

afterAll(async () => {
  for (const client of [s3, sqs, lambda, events, secrets]) client.destroy();
  await emulator.stop();
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

/** Far longer than any of it takes: to be slow is no fault. */
const patience = { timeout: 60_000 };
const unique = (kind: string): string => `${kind}-${++count}`;

async function givenBucket(): Promise<string> {
  const Bucket = unique('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

async function givenQueue(
  Attributes: Record<string, string> = {},
): Promise<{ url: string; arn: string }> {
  const QueueName = unique('queue');
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return { url: QueueUrl, arn: `arn:aws:sqs:${emulator.region}:${account}:${QueueName}` };
}

async function givenRule(pattern: object, target: string, bus = 'default'): Promise<void> {
  const Name = unique('rule');
  await events.send(
    new PutRuleCommand({ Name, EventBusName: bus, EventPattern: JSON.stringify(pattern) }),
  );
  await events.send(
    new PutTargetsCommand({
      Rule: Name,
      EventBusName: bus,
      Targets: [{ Id: 'queue', Arn: target }],
    }),
  );
}

interface FunctionSettings {
  timeout?: number;
  layers?: string[];
  env?: Record<string, string>;
}

/** A function of one ES module whose handler has the body given, with `event` and `context` in scope. */
async function givenFunction(body: string, settings: FunctionSettings = {}): Promise<string> {
  const FunctionName = unique('function');
  const source = `export const handler = async (event, context) => {\n${body}\n};\n`;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${account}:role/any`,
      Timeout: settings.timeout ?? 20,
      Layers: settings.layers,
      Environment: { Variables: settings.env ?? {} },
      Code: { ZipFile: writeZip([{ name: 'index.mjs', data: Buffer.from(source) }]) },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 20, minDelay: 0.1, maxDelay: 0.5 },
    { FunctionName },
  );
  return FunctionName;
}

async function invoke(
  FunctionName: string,
  payload: object = {},
): Promise<{ error?: string; value: unknown }> {
  const result = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
  );
  const value: unknown = JSON.parse(result.Payload?.transformToString() ?? 'null');
  return { value, ...(result.FunctionError && { error: result.FunctionError }) };
}

/** What a handler notes with `note`, since it runs on this machine. */
function givenNotebook(): { env: { NOTEBOOK: string }; read: () => string[] } {
  const file = join(scratch, unique('notes'));
  return {
    env: { NOTEBOOK: file },
    read: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
  };
}
const note = `const note = (text) => process.getBuiltinModule('fs').appendFileSync(process.env.NOTEBOOK, text + '\\n');`;

async function receive(QueueUrl: string, options: object = {}): Promise<Message[]> {
  const batch = { MaxNumberOfMessages: 10, WaitTimeSeconds: 1, ...options };
  return (await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...batch }))).Messages ?? [];
}

async function receiveBodies(url: string, wanted: number): Promise<string[]> {
  const bodies: string[] = [];
  await vi.waitFor(async () => {
    bodies.push(...(await receive(url)).map(({ Body }) => Body ?? ''));
    expect(bodies.length).toBeGreaterThanOrEqual(wanted);
  }, patience);
  return bodies;
}

async function visibleMessages(QueueUrl: string): Promise<number[]> {
  const AttributeNames = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return AttributeNames.map((name) => Number(Attributes[name]));
}

async function expectPreconditionFailed(request: Promise<unknown>): Promise<void> {
  const error: unknown = await request.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(S3ServiceException);
  expect((error as S3ServiceException).$metadata.httpStatusCode).toBe(412);
}

async function winners(requests: Promise<unknown>[]): Promise<number> {
  const results = await Promise.allSettled(requests);
  return results.filter(({ status }) => status === 'fulfilled').length;
}

async function read(Bucket: string, Key: string): Promise<string | undefined> {
  return (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
}

describe('S3', () => {
  // The drop trigger: a rule sends what arrives under `_outbox` to drain's queue.
  it('announces new objects on EventBridge with their raw keys', async () => {
    const Bucket = await givenBucket();
    const queue = await givenQueue();
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { EventBridgeConfiguration: {} },
      }),
    );
    await givenRule(
      {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [Bucket] }, object: { key: [{ wildcard: '*/_outbox/*' }] } },
      },
      queue.arn,
    );
    const names = ['two words.txt', 'a+b.txt', '100%2B.txt', '😀.txt', 'deep/er.txt'];
    const keys = names.map((name) => `agent/_outbox/${name}`);
    for (const Key of ['agent/elsewhere.txt', ...keys])
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));

    const bodies = await receiveBodies(queue.url, keys.length);

    const arrived = bodies.map(
      (body) => (JSON.parse(body) as { detail: { object: { key: string } } }).detail.object.key,
    );
    expect(arrived.sort()).toEqual([...keys].sort());
  });

  // Leases, cursors and every other object of the state bucket.
  it('lets one of twenty writers create an object with If-None-Match', async () => {
    const Bucket = await givenBucket();
    const write = (n: number): Promise<unknown> =>
      s3.send(
        new PutObjectCommand({ Bucket, Key: 'lease', Body: `writer ${n}`, IfNoneMatch: '*' }),
      );

    expect(await winners(Array.from({ length: 20 }, (_, n) => write(n)))).toBe(1);

    await expectPreconditionFailed(write(21));
  });

  // Taking over an expired lease; late writes refused.
  it('lets one of twenty writers replace an object with If-Match', async () => {
    const Bucket = await givenBucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'lease', Body: 'first' }));
    const write = (n: number): Promise<unknown> =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'lease', Body: `writer ${n}`, IfMatch: ETag }));

    expect(await winners(Array.from({ length: 20 }, (_, n) => write(n)))).toBe(1);

    await expectPreconditionFailed(write(21));
  });

  // Drain copies exactly the version that it was told of.
  it('refuses to read or copy an object that has changed', async () => {
    const Bucket = await givenBucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'drop', Body: 'old' }));
    const copy = (): Promise<unknown> =>
      s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'copy',
          CopySource: `${Bucket}/drop`,
          CopySourceIfMatch: ETag,
        }),
      );
    await copy();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'drop', Body: 'new' }));

    await expectPreconditionFailed(
      s3.send(new GetObjectCommand({ Bucket, Key: 'drop', IfMatch: ETag })),
    );
    await expectPreconditionFailed(copy());
    expect(await read(Bucket, 'copy')).toBe('old');
  });

  // Drain removes the version that it delivered and never a newer one of the same name.
  it('deletes one version and leaves the others', async () => {
    const Bucket = await givenBucket();
    await s3.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const put = (Body: string): Promise<PutObjectCommandOutput> =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'drop', Body }));
    const [first, second, third] = [await put('1'), await put('2'), await put('3')];
    expect(new Set([first.VersionId, second.VersionId, third.VersionId]).size).toBe(3);

    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'drop', VersionId: first.VersionId }));

    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket, Prefix: 'drop' }),
    );
    expect(Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [third.VersionId, true],
      [second.VersionId, false],
    ]);
    expect(DeleteMarkers).toEqual([]);
    expect(await read(Bucket, 'drop')).toBe('3');

    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'drop', VersionId: third.VersionId }));

    expect(await read(Bucket, 'drop')).toBe('2');
  });

  // Snapshots are streamed in parts; an aborted or partial one must not appear.
  it('shows a multipart upload only when it is complete', async () => {
    const Bucket = await givenBucket();
    const Key = 'snapshot';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const bodies = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('end')];
    const Parts = await Promise.all(
      bodies.map(async (Body, n) => {
        const { ETag } = await s3.send(
          new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: n + 1, Body }),
        );
        return { ETag, PartNumber: n + 1 };
      }),
    );
    const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual(bodies.map(({ length }) => length));
    await expect(read(Bucket, Key)).rejects.toThrow();

    await s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );

    expect((await read(Bucket, Key))?.length).toBe(5 * 1024 * 1024 + 3);
  });
});

describe.concurrent('EventBridge', () => {
  // Completed runs, deliveries and continuations are events on the deployment's bus.
  it('sends a matching event to a queue, detail unchanged', async () => {
    const queue = await givenQueue();
    await givenRule({ source: ['canary'], 'detail-type': ['Wanted'] }, queue.arn);
    const Detail = JSON.stringify({ text: 'ä"\\n😀', nested: { list: [1, null] } });
    const entries = ['Unwanted', 'Wanted'].map((DetailType) => ({
      Source: 'canary',
      DetailType,
      Detail,
    }));
    await events.send(new PutEventsCommand({ Entries: entries }));

    const bodies = await receiveBodies(queue.url, 1);

    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({ 'detail-type': 'Wanted', detail: JSON.parse(Detail) as unknown }),
    ]);
  });
});

describe.concurrent('SQS', () => {
  // Notifications wait before they are tried again.
  it('holds a delayed message back', async () => {
    const { url } = await givenQueue();
    await sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: 'later', DelaySeconds: 2 }),
    );

    expect(await receive(url, { WaitTimeSeconds: 0 })).toEqual([]);
    expect(await receiveBodies(url, 1)).toEqual(['later']);
  });

  // `notify` sets its own back-off on the message that failed.
  it('changes the visibility of a message in flight', async () => {
    const { url } = await givenQueue({ VisibilityTimeout: '600' });
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'again' }));
    const [message] = await receive(url);
    expect(await receive(url)).toEqual([]);

    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout: 1,
      }),
    );

    expect(await receiveBodies(url, 1)).toEqual(['again']);
  });

  // What `local/reapply.ts` sets after a deployment has to work.
  it('moves a message to the dead letters once it has been received too often', async () => {
    const dead = await givenQueue();
    const { url } = await givenQueue({ VisibilityTimeout: '0' });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { RedrivePolicy } }));
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));

    const received = [await receive(url), await receive(url), await receive(url)];

    expect(received.map(({ length }) => length)).toEqual([1, 1, 0]);
    expect(await receiveBodies(dead.url, 1)).toEqual(['poison']);
  });
});

describe.concurrent('Lambda', () => {
  // Every function of a local deployment.
  it('runs Node 24 with the endpoint, rclone on the PATH and nothing of our environment', async () => {
    const name = await givenFunction(`
      const { execFileSync } = await import('node:child_process');
      return {
        node: process.version,
        endpoint: process.env.AWS_ENDPOINT_URL,
        region: process.env.AWS_REGION,
        leaked: process.env.CANARY_SECRET ?? null,
        rclone: execFileSync('rclone', ['version'], { encoding: 'utf8' }).split('\\n')[0],
      };`);

    const { value } = await invoke(name);

    expect(value).toEqual({
      node: expect.stringMatching(/^v24\./) as string,
      endpoint: emulator.url,
      region: emulator.region,
      leaked: null,
      rclone: expect.stringMatching(/^rclone v1\.\d+/) as string,
    });
  });

  // The time budget of a leg, and what a log line names.
  it('tells a function its name and the time that remains', async () => {
    const name = await givenFunction(
      'return { name: context.functionName, remaining: context.getRemainingTimeInMillis() };',
      { timeout: 60 },
    );

    const { value } = await invoke(name);

    const { remaining, ...rest } = value as { remaining: number };
    expect(rest).toEqual({ name });
    expect(remaining).toBeGreaterThan(20_000);
    expect(remaining).toBeLessThanOrEqual(60_000);
  });

  // The rclone layer, though its files lose their run bit.
  it('unpacks layers to the folders that it names', async () => {
    const layer = await lambda.send(
      new PublishLayerVersionCommand({
        LayerName: unique('layer'),
        Content: {
          ZipFile: writeZip([{ name: 'bin/tool', data: Buffer.from('tool'), mode: 0o755 }]),
        },
      }),
    );
    const name = await givenFunction(
      `const { readFileSync } = await import('node:fs');
       return [readFileSync(process.env._LAMBDA_LAYERS_DIRS + '/bin/tool', 'utf8')];`,
      { layers: [layer.LayerVersionArn ?? ''] },
    );

    expect(await invoke(name)).toEqual({ value: ['tool'] });
  });

  // The tests of legs and leases: a killed holder is really gone.
  it('ends a function at its timeout and answers the next call', async () => {
    const name = await givenFunction(
      `if (event.hang) await new Promise((go) => setTimeout(go, 60_000));
       return ['answered'];`,
      { timeout: 1 },
    );
    const started = performance.now();

    const hung = await invoke(name, { hang: true });

    expect(hung.error).toBeDefined();
    expect(performance.now() - started).toBeLessThan(50_000);
    expect(await invoke(name)).toEqual({ value: ['answered'] });
  });

  // Two runs for one agent at the same time: the lease tests.
  it('runs two calls of one function at once in processes of their own', async () => {
    const name = await givenFunction(`
      await new Promise((go) => setTimeout(go, 3_000));
      return process.pid;`);

    const [first, second] = await Promise.all([invoke(name), invoke(name)]);

    expect(first.value).not.toBe(second.value);
  });

  // A run that is asked for by event, from the schedule or from the CLI.
  it('accepts an asynchronous call at once and tries it three times', async () => {
    const notebook = givenNotebook();
    const name = await givenFunction(`${note} note('called'); throw new Error('no');`, notebook);

    const { StatusCode } = await lambda.send(
      new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload: '{}' }),
    );

    expect(StatusCode).toBe(202);
    await vi.waitFor(() => {
      expect(notebook.read()).toHaveLength(3);
    }, patience);
  });

  // `drain` and `notify`: what failed comes back alone and ends among the dead letters.
  it('takes a batch from a queue and gives back only what failed', async () => {
    const dead = await givenQueue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const queue = await givenQueue({ VisibilityTimeout: '1' });
    await sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { RedrivePolicy } }),
    );
    const notebook = givenNotebook();
    const name = await givenFunction(
      `${note}
       for (const { body } of event.Records) note(body);
       const failed = event.Records.filter(({ body }) => body === 'bad');
       return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };`,
      notebook,
    );
    await givenMapping(name, queue.arn);
    const Entries = ['good', 'bad', 'fine'].map((MessageBody, n) => ({
      Id: String(n),
      MessageBody,
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));

    expect(await receiveBodies(dead.url, 1)).toEqual(['bad']);
    expect(notebook.read().sort()).toEqual(['bad', 'bad', 'fine', 'good']);
    expect(await visibleMessages(queue.url)).toEqual([0, 0]);
  });

  // `notify` decides itself when a failed message comes back: sooner or later than the queue says.
  it('keeps the visibility that a handler gave to a message which it then reports as failed', async () => {
    const queue = await givenQueue({ VisibilityTimeout: '600' });
    const notebook = givenNotebook();
    const name = await givenFunction(
      `${note} note(String(Date.now()));
       const [{ messageId, receiptHandle }] = event.Records;
       const response = await fetch(process.env.AWS_ENDPOINT_URL, {
         method: 'POST',
         headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ChangeMessageVisibility' },
         body: JSON.stringify({ QueueUrl: process.env.QUEUE, ReceiptHandle: receiptHandle, VisibilityTimeout: 3 }),
       });
       if (!response.ok) note(await response.text());
       return { batchItemFailures: [{ itemIdentifier: messageId }] };`,
      { env: { ...notebook.env, QUEUE: queue.url } },
    );
    await givenMapping(name, queue.arn);
    await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'again' }));

    await vi.waitFor(() => {
      expect(notebook.read().length).toBeGreaterThan(1);
    }, patience);

    const [first = 0, second = 0] = notebook.read().map(Number);
    expect(second - first).toBeGreaterThan(2_500);
  });

  async function givenMapping(FunctionName: string, EventSourceArn: string): Promise<void> {
    await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName,
        EventSourceArn,
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      }),
    );
  }
});

describe('the emulator’s process', () => {
  // A test run that is killed must not leave servers behind.
  it('ends with the process that started it, and its files with it', async () => {
    const module = new URL('../../local/emulator.ts', import.meta.url).href;
    const script = `
      const { startEmulator } = await import(${JSON.stringify(module)});
      const { pid, logFile } = await startEmulator();
      console.log(JSON.stringify({ pid, logFile }));
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`;
    const killed: unknown = await promisify(execFile)(process.execPath, ['-e', script]).catch(
      (reason: unknown) => reason,
    );

    const { stdout } = killed as { stdout: string };
    const { pid, logFile } = JSON.parse(stdout) as { pid: number; logFile: string };
    await vi.waitFor(() => {
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    }, patience);
    expect(existsSync(dirname(logFile))).toBe(false);
  });

  it('says with its log why it could not start', async () => {
    const start = startEmulator({ env: { GATEWAY_PORT: 'nonsense' } });

    await expect(start).rejects.toThrow(/emulator ended \(1\)[^]*nonsense/);
  });
});

describe('Secrets Manager', () => {
  // Credentials of providers; a changed secret has to be told from the one that was read before.
  it('gives each value a version and keeps the one before', async () => {
    const Name = unique('secret');
    const created = await secrets.send(
      new CreateSecretCommand({ Name, SecretString: '{"TOKEN":"one"}' }),
    );
    const changed = await secrets.send(
      new PutSecretValueCommand({ SecretId: Name, SecretString: '{"TOKEN":"two"}' }),
    );
    expect(changed.VersionId).not.toBe(created.VersionId);

    const current = await secrets.send(new GetSecretValueCommand({ SecretId: Name }));
    const previous = await secrets.send(
      new GetSecretValueCommand({ SecretId: Name, VersionStage: 'AWSPREVIOUS' }),
    );

    expect([current.SecretString, current.VersionId]).toEqual([
      '{"TOKEN":"two"}',
      changed.VersionId,
    ]);
    expect([previous.SecretString, previous.VersionId]).toEqual([
      '{"TOKEN":"one"}',
      created.VersionId,
    ]);
  });

  // `${NAME}` without an entry is told to the operator as such.
  it('names the error of a secret that does not exist', async () => {
    const missing = secrets.send(new GetSecretValueCommand({ SecretId: 'nowhere' }));

    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
