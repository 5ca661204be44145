import type { Clock } from '../clock.ts';
import type { WebhookConfig } from '../config/index.ts';
import type { SecretReader } from '../secrets/reader.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { EmitMetric, Log } from '../telemetry.ts';
import type { Post } from './post.ts';
import type { NotificationQueue } from './queue.ts';

/** What notifying needs from outside. */
export interface NotifyDependencies {
  clock: Clock;
  log: Log;
  emit: EmitMetric;
  store: ObjectStore;
  secrets: SecretReader;
  queue: NotificationQueue;
  post: Post;
  /** An agent's settings; fails with an error that is not retryable where there is no such agent. */
  agentConfig: (agent: string) => Promise<{ webhook?: WebhookConfig | undefined }>;
  /** From 0 up to but not including 1. */
  random: () => number;
  /** A name that nobody else has. */
  newOwner: () => string;
}

/** Dimensions of the metrics about notifications. */
export function dimensions(agent: string): { Agent: string; Job: string } {
  return { Agent: agent, Job: 'notify' };
}
