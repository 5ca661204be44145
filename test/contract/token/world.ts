import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '../../../functions/shared/clock.ts';
import { agentSchema, type AgentConfig } from '../../../functions/shared/config/agent.ts';
import { secretName, type SecretScope } from '../../../functions/shared/contract/index.ts';
import type { AuthorizedRemote } from '../../../functions/shared/credentials/credential.ts';
import { withFreshTokens } from '../../../functions/shared/credentials/fresh-tokens.ts';
import { locateRclone } from '../../../functions/shared/rclone/locate.ts';
import { openSession, type RcloneSession } from '../../../functions/shared/rclone/session.ts';
import type { RunContext } from '../../../functions/shared/runtime/run.ts';
import { quietMeter } from '../../../functions/shared/runtime/progress.ts';
import type { Runtime } from '../../../functions/shared/runtime/runtime.ts';
import { createTimeBudget } from '../../../functions/shared/runtime/time-budget.ts';
import { secretStore } from '../../../functions/shared/secrets/store.ts';
import { s3ObjectStore } from '../../../functions/shared/state/s3-object-store.ts';
import type { LeaseHeld } from '../../../functions/shared/state/lease.ts';
import { agentCloud } from '../../../functions/shared/workspace/places.ts';
import type { Emulator } from '../../../local/emulator.ts';
import { rcloneBinary } from '../../fixtures/rclone.ts';

/** Where the AWS services of a world are. */
export type Services = Pick<Emulator, 'client'>['client'];

const stateBucket = 'token-state';

/** Runs of agents whose cloud folder wants OAuth, on the emulator's Secrets Manager and S3. */
export class TokenWorld {
  /** Everything that was logged. */
  readonly lines: string[] = [];
  readonly runtime: Runtime;
  readonly secrets: SecretsManagerClient;
  /** Seconds for which a leg of Lambda may last. */
  legSeconds = 120;
  readonly #folder = mkdtempSync(join(tmpdir(), 'token-world-'));
  readonly #s3: S3Client;

  constructor(services: Services) {
    this.#s3 = new S3Client({ ...services, forcePathStyle: true });
    this.secrets = new SecretsManagerClient(services);
    const write = (message: string, fields: Record<string, unknown> = {}): void => {
      const { error } = fields;
      const what = error instanceof Error ? `${error.stack ?? ''} ${String(error.cause)}` : '';
      this.lines.push(`${message} ${JSON.stringify(fields)} ${what}`);
    };
    this.runtime = {
      env: { RCLONE_BINARY: rcloneBinary() },
      deployment: 'test',
      clock: systemClock,
      log: { debug: write, info: write, warn: write, error: write },
      emit: () => undefined,
      s3: this.#s3,
      sqs: new SQSClient(services),
      events: new EventBridgeClient(services),
      secrets: secretStore(this.secrets, 'test'),
      store: s3ObjectStore(this.#s3, stateBucket),
      s3Access: { provider: 'Other', region: services.region, endpoint: services.endpoint },
      agentsDirectory: '/nowhere',
      recoveryKit: '/nowhere',
      temporaryFolder: this.#folder,
    };
  }

  /** To be called by the first world of an emulator. */
  async prepare(): Promise<void> {
    await this.#s3.send(new CreateBucketCommand({ Bucket: stateBucket }));
  }

  close(): void {
    this.#s3.destroy();
    this.secrets.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Folders of sessions that were not removed. */
  leftovers(): string[] {
    return readdirSync(this.#folder);
  }

  async givenSecret(agent: string, values: object, scope?: SecretScope): Promise<void> {
    const Name = nameOf(agent, scope);
    const SecretString = JSON.stringify(values);
    await this.secrets.send(new CreateSecretCommand({ Name, SecretString }));
  }

  /** What an operator does who edits the entry. */
  async edit(agent: string, values: object): Promise<void> {
    const [SecretId, SecretString] = [nameOf(agent), JSON.stringify(values)];
    await this.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  }

  async delete(agent: string): Promise<void> {
    const SecretId = nameOf(agent);
    await this.secrets.send(
      new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }),
    );
  }

  async stored(agent: string, scope?: SecretScope): Promise<Record<string, string>> {
    const { SecretString = '' } = await this.secrets.send(
      new GetSecretValueCommand({ SecretId: nameOf(agent, scope) }),
    );
    return JSON.parse(SecretString) as Record<string, string>;
  }

  /** Does work in a leg of a run, with the cloud folder and a session of the real rclone. */
  async run<T>(
    agent: AgentConfig,
    work: (session: RcloneSession, cloud: AuthorizedRemote) => Promise<T>,
  ): Promise<T | LeaseHeld> {
    const context = this.context(agent.name);
    const cloud = await agentCloud(this.runtime, agent);
    return withFreshTokens(context, [cloud], async (tokens) => {
      const fresh = tokens.in(cloud);
      const session = await openSession({
        binary: locateRclone(this.runtime.env, this.#folder),
        remotes: [fresh],
        log: this.runtime.log,
        remaining: () => context.budget.remaining(),
        temporaryFolder: this.#folder,
        env: {},
        onConfig: tokens.onConfig,
      });
      try {
        return await work(session, fresh);
      } finally {
        await session.close();
      }
    });
  }

  /** A run that lists the cloud folder: the paths that it sees. */
  async list(agent: AgentConfig): Promise<string[] | LeaseHeld> {
    return this.run(agent, async (session, cloud) => {
      const result = await session.run({ kind: 'list', from: { remote: cloud, path: '' } });
      if (result.outcome !== 'done') throw new Error(JSON.stringify(result.account.errors));
      return (JSON.parse(result.stdout) as { Path: string }[]).map(({ Path }) => Path);
    });
  }

  context(agent: string): RunContext {
    const contextRemainingMs = this.legSeconds * 1_000;
    return {
      runtime: this.runtime,
      request: { job: 'sync', agent, trigger: 'manual' },
      runId: randomBytes(6).toString('hex'),
      leg: 1,
      budget: createTimeBudget({
        clock: systemClock,
        contextRemainingMs,
        functionTimeoutMs: contextRemainingMs,
      }),
      progress: quietMeter,
      sawToken: () => undefined,
      goesOn: () => false,
    };
  }
}

function nameOf(agent: string, scope: SecretScope = 'sync'): string {
  return secretName('test', agent, scope);
}

/** An agent whose cloud folder is reached with the token `${TOKEN}`. */
export function givenAgent(
  name: string,
  rcloneOptions: Record<string, string>,
  sync: object = {},
): AgentConfig {
  return agentSchema.parse({
    name,
    workspace: { kind: 's3' },
    sync: {
      provider: 'custom',
      mode: 'mailbox',
      remotePath: '',
      custom: { rcloneType: 'hidrive', rcloneOptions },
      ...sync,
    },
  });
}
