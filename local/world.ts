/**
 * Everything that the product meets, on this machine: an AWS account, a cloud folder, a gateway,
 * and a deployment between them. Both the tour of `npm start` and the integration tests run in it.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { FunctionName } from '../infra/constructs/job-function.ts';
import { bootstrap } from './bootstrap.ts';
import { deploy, type Synthesize } from './deploy.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from './emulator.ts';
import { startGateway, type Gateway, type WebhookRequest } from './gateway.ts';
import { tools } from './paths.ts';
import { startRcloneServer, type RcloneServer } from './rclone-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Outputs of the stack, by name. */
export type Outputs = Record<string, string>;

export interface World {
  emulator: Emulator;
  /** The human's cloud folder: a WebDAV server of the real rclone, and the folder behind it. */
  cloud: RcloneServer & { folder: string; user: string; password: string };
  gateway: Gateway;
  /** What the webhook's requests carry. */
  hooksToken: string;
  outputs: Outputs;
  configFile: string;
  /** What opens the snapshots. */
  passphrase: string;
  s3: S3Client;
  sqs: SQSClient;
  lambda: LambdaClient;
  /** Invokes a job's function and waits for its answer. */
  invoke(job: FunctionName, payload: object): Promise<{ error: boolean; payload: unknown }>;
  /** Puts an object into one of the deployment's buckets. */
  put(bucket: BucketName, key: string, body: string | Uint8Array): Promise<void>;
  /** Reads an object; `undefined` where there is none. */
  get(bucket: BucketName, key: string): Promise<Buffer | undefined>;
  /** Keys below a prefix. */
  keys(bucket: BucketName, prefix: string): Promise<string[]>;
  /** Deploys again, with a changed configuration. */
  redeploy(config: object): Promise<void>;
  stop(): Promise<void>;
}

export type BucketName = 'workspace' | 'exchange' | 'snapshot' | 'state';

export interface WorldOptions {
  /** Changes the configuration that is deployed; what it names in the account can be made here. */
  configure?: (places: Places, emulator: Emulator) => object | Promise<object>;
  /** Told what is being done, in a few words. */
  onStep?: (step: string) => void;
  onWebhook?: (request: WebhookRequest) => void;
  /** Added to the environment of every function. */
  env?: EmulatorOptions['env'];
  /** What to deploy; when not given, the CDK starts the app that cdk.json names. */
  synthesize?: Synthesize;
}

/** What a configuration has to name. */
export interface Places {
  cloudUrl: string;
  hooksUrl: string;
}

/** Name of the deployment and of its one agent. */
export const deployment = 'local';
export const agent = 'main';

/** The login of the cloud folder, and the gateway's token: made anew each time. */
interface Login {
  user: string;
  password: string;
  hooksToken: string;
  /** Opens the snapshots. */
  passphrase: string;
}

/** The agent's settings as a person would write them for a WebDAV cloud folder. */
export function mailboxAgent({
  cloudUrl,
  hooksUrl,
}: Places): Record<string, Record<string, unknown>> {
  return {
    sync: {
      provider: 'custom',
      mode: 'mailbox',
      remotePath: '',
      localPath: '/',
      interval: 60,
      settle: 1,
      notifyOnInbox: true,
      custom: {
        rcloneType: 'webdav',
        rcloneOptions: { url: cloudUrl, vendor: 'other', user: 'human', pass: '${CLOUD_PASSWORD}' },
      },
    },
    webhook: { url: hooksUrl, mode: 'wake', token: '${HOOKS_TOKEN}', agentId: agent, window: 1 },
  };
}

/** A backup block as a person would write it, for the deployment's own snapshot bucket. */
export const snapshotsOfOwn: Record<string, unknown> = {
  enabled: true,
  provider: 's3',
  encrypt: true,
  passphrase: '${BACKUP_PASSPHRASE}',
};

/** Starts it all; whatever was started is stopped again when a step fails. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const step = options.onStep ?? ((): void => undefined);
  const cleanUps: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    return await build(options, step, cleanUps, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  options: WorldOptions,
  step: (text: string) => void,
  cleanUps: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<World> {
  const login: Login = {
    user: 'human',
    password: secret(),
    hooksToken: secret(),
    passphrase: secret(),
  };
  const { path: folder, remove } = await temporaryFolder('workspace-sync-local-');
  cleanUps.push(remove);
  const cloudFolder = join(folder, 'cloud');
  await mkdir(cloudFolder);

  step('the cloud folder: rclone serve webdav');
  const server = await startRcloneServer({ protocol: 'webdav', folder: cloudFolder, login });
  cleanUps.push(server.stop);
  const gateway = await startGateway(options.onWebhook);
  cleanUps.push(gateway.stop);
  step('the AWS account: the emulator');
  const emulator = await startEmulator(options.env ? { env: options.env } : {});
  cleanUps.push(emulator.stop);
  await bootstrap(emulator);

  const places: Places = { cloudUrl: server.url, hooksUrl: gateway.url };
  const configFile = join(folder, 'workspace-sync.json');
  const config = (await options.configure?.(places, emulator)) ?? {
    deployment,
    agents: { [agent]: { ...mailboxAgent(places), backup: snapshotsOfOwn } },
  };
  await storeSecrets(emulator, login, agentsOf(config));
  step('cdk deploy');
  const deployConfig = deploying(emulator, configFile, options.synthesize);
  const outputs = await deployConfig(config);
  const clients = createClients(emulator);
  cleanUps.push(() => {
    for (const client of Object.values(clients)) client.destroy();
    return Promise.resolve();
  });
  return {
    emulator,
    cloud: { ...server, folder: cloudFolder, user: login.user, password: login.password },
    gateway,
    hooksToken: login.hooksToken,
    outputs,
    configFile,
    passphrase: login.passphrase,
    ...clients,
    ...actions(clients, outputs),
    redeploy: async (changed) => {
      await deployConfig(changed);
    },
    stop,
  };
}

function secret(): string {
  return randomBytes(18).toString('base64url');
}

function deploying(
  emulator: Emulator,
  configFile: string,
  synthesize: Synthesize | undefined,
): (config: object) => Promise<Outputs> {
  const context = { architecture: arch() === 'arm64' ? 'arm64' : 'x86_64' };
  return async (config) => {
    await writeFile(configFile, JSON.stringify(config, null, 2));
    const { outputs } = await deploy({ emulator, configFile, context, synthesize });
    return Object.assign({}, ...Object.values(outputs)) as Outputs;
  };
}

function agentsOf(config: object): string[] {
  return Object.keys((config as { agents?: object }).agents ?? {});
}

/** Does what the README tells an operator to do: one JSON object per block of the configuration. */
async function storeSecrets(
  emulator: Emulator,
  { password, hooksToken, passphrase }: Login,
  agents: string[],
): Promise<void> {
  const client = new SecretsManagerClient(emulator.client);
  const obscured = execFileSync(join(tools, 'bin', 'rclone'), ['obscure', '-'], {
    input: password,
    encoding: 'utf8',
    env: { RCLONE_CONFIG: '/dev/null' },
  }).trim();
  const entries = {
    sync: { CLOUD_PASSWORD: obscured },
    webhook: { HOOKS_TOKEN: hooksToken },
    passphrase: { BACKUP_PASSPHRASE: passphrase },
  };
  for (const name of agents) {
    for (const [scope, values] of Object.entries(entries)) {
      await client.send(
        new CreateSecretCommand({
          Name: `workspace-sync/${deployment}/${name}/${scope}`,
          SecretString: JSON.stringify(values),
        }),
      );
    }
  }
  client.destroy();
}

function createClients({ client }: Emulator): Pick<World, 's3' | 'sqs' | 'lambda'> {
  return {
    s3: new S3Client({ ...client, forcePathStyle: true }),
    sqs: new SQSClient(client),
    lambda: new LambdaClient(client),
  };
}

function actions(
  { s3, lambda }: Pick<World, 's3' | 'lambda'>,
  outputs: Outputs,
): Pick<World, 'invoke' | 'put' | 'get' | 'keys'> {
  const bucket = (name: BucketName): string => output(outputs, `${title(name)}BucketName`);
  return {
    async invoke(job, payload) {
      const answer = await lambda.send(
        new InvokeCommand({
          FunctionName: output(outputs, `${title(job)}FunctionName`),
          Payload: JSON.stringify(payload),
        }),
      );
      const text = Buffer.from(answer.Payload ?? []).toString();
      return {
        error: answer.FunctionError !== undefined,
        payload: text === '' ? undefined : JSON.parse(text),
      };
    },
    async put(name, key, body) {
      await s3.send(new PutObjectCommand({ Bucket: bucket(name), Key: key, Body: body }));
    },
    async get(name, key) {
      try {
        const answer = await s3.send(new GetObjectCommand({ Bucket: bucket(name), Key: key }));
        return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async keys(name, prefix) {
      const found: string[] = [];
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({
            Bucket: bucket(name),
            Prefix: prefix,
            ContinuationToken: token,
          }),
        );
        found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return found;
    },
  };
}

function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** One output of the stack. */
export function output(outputs: Outputs, name: string): string {
  const value = outputs[name];
  if (value === undefined)
    throw new Error(`The stack has no output ${name}; it has ${Object.keys(outputs).join(', ')}.`);
  return value;
}
