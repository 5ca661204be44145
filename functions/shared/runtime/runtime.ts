import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock, type Clock } from '../clock.ts';
import { environment } from '../contract/index.ts';
import { meterRequests } from '../cost/request-meter.ts';
import { WorkspaceSyncError } from '../errors.ts';
import type { S3Access } from '../rclone/remote.ts';
import { secretStore, type SecretStore } from '../secrets/store.ts';
import type { ObjectStore } from '../state/object-store.ts';
import { s3ObjectStore } from '../state/s3-object-store.ts';
import { createLog, createMetrics, type EmitMetric, type Log } from '../telemetry.ts';

/** What a function has for its whole life: made once, at cold start. Holds no secret. */
export interface Runtime {
  env: NodeJS.ProcessEnv;
  deployment: string;
  clock: Clock;
  log: Log;
  emit: EmitMetric;
  s3: S3Client;
  sqs: SQSClient;
  events: EventBridgeClient;
  secrets: SecretStore;
  store: ObjectStore;
  s3Access: S3Access;
  /** Folder of `<agent>.json`. */
  agentsDirectory: string;
  /** Folder of the recovery kit's files, which lies beside the bundles that need it. */
  recoveryKit: string;
  temporaryFolder: string;
}

/**
 * Milliseconds that S3 is waited for. A file may take as long as it takes: the limit on a request
 * counts until its answer, with the time in which the body is sent.
 */
const forFiles = { connectionTimeout: 5_000 };

/** State is small: no answer for so long, or no byte of it, means that none will come. */
const forState = {
  ...forFiles,
  requestTimeout: 60_000,
  socketTimeout: 60_000,
  throwOnRequestTimeout: true,
};

/** Builds the runtime from the function's environment. */
export function createRuntime(env: NodeJS.ProcessEnv = process.env): Runtime {
  const deployment = required(env, environment.deployment);
  const provider = env[environment.s3Provider] ?? 'AWS';
  const s3Settings = { forcePathStyle: provider !== 'AWS', followRegionRedirects: true };
  const s3 = new S3Client({ ...s3Settings, requestHandler: forFiles });
  const stateS3 = new S3Client({ ...s3Settings, requestHandler: forState });
  for (const client of [s3, stateS3]) meterRequests(client);
  return {
    env,
    deployment,
    clock: systemClock,
    log: createLog({ deployment }),
    emit: createMetrics(deployment),
    s3,
    sqs: new SQSClient(),
    events: new EventBridgeClient(),
    secrets: secretStore(new SecretsManagerClient(), deployment),
    store: s3ObjectStore(stateS3, required(env, environment.stateBucket)),
    s3Access: {
      provider,
      region: env['AWS_REGION'] ?? 'us-east-1',
      endpoint: provider === 'AWS' ? undefined : env['AWS_ENDPOINT_URL'],
    },
    agentsDirectory: env[environment.agentsDirectory] ?? besideTheBundle('agents'),
    recoveryKit: besideTheBundle('recovery'),
    temporaryFolder: tmpdir(),
  };
}

function besideTheBundle(folder: string): string {
  return fileURLToPath(new URL(folder, import.meta.url));
}

/** A variable that the infrastructure sets. */
export function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new WorkspaceSyncError(
      `The function's environment has no ${name}. Deploy the stack again; it is set there.`,
      { code: 'environment', retryable: false },
    );
  }
  return value;
}

/** Credentials of the function's role, for an rclone that acts in its name. */
export function roleCredentials(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  return Object.fromEntries(
    names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : [])),
  );
}
