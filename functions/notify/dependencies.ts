import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { systemClock } from '../shared/clock.ts';
import { loadAgentConfig } from '../shared/config/index.ts';
import { environment } from '../shared/contract/index.ts';
import type { NotifyDependencies } from '../shared/notification/dependencies.ts';
import { poster } from '../shared/notification/post.ts';
import { sqsNotificationQueue } from '../shared/notification/queue.ts';
import { secretReader } from '../shared/secrets/reader.ts';
import { s3ObjectStore } from '../shared/state/s3-object-store.ts';
import { createLog, createMetrics } from '../shared/telemetry.ts';

const text = z.string().min(1);

const environmentSchema = z.object({
  [environment.deployment]: text,
  [environment.stateBucket]: text,
  [environment.notificationQueue]: text,
  [environment.deadNotificationQueue]: text,
  [environment.agentsDirectory]: text.optional(),
});

/** What `notify` needs, from the function's environment. Made once per sandbox. */
export function notifyDependencies(variables: NodeJS.ProcessEnv): NotifyDependencies {
  const settings = environmentSchema.parse(variables);
  const deployment = settings[environment.deployment];
  const agents = settings[environment.agentsDirectory] ?? agentsBesideTheBundle();
  return {
    clock: systemClock,
    log: createLog({ deployment }),
    emit: createMetrics(deployment),
    store: s3ObjectStore(new S3Client(), settings[environment.stateBucket]),
    secrets: secretReader(new SecretsManagerClient(), deployment),
    queue: sqsNotificationQueue(new SQSClient(), {
      queue: settings[environment.notificationQueue],
      deadLetters: settings[environment.deadNotificationQueue],
    }),
    post: poster(),
    agentConfig: (agent) => loadAgentConfig(agents, agent),
    random: Math.random,
    newOwner: randomUUID,
  };
}

function agentsBesideTheBundle(): string {
  return fileURLToPath(new URL('agents', import.meta.url));
}
