import { formatWithOptions } from 'node:util';
import type { Clock } from '../../../functions/shared/clock.ts';
import type { WebhookConfig } from '../../../functions/shared/config/index.ts';
import type { Delivery } from '../../../functions/shared/contract/index.ts';
import type { NotifyDependencies } from '../../../functions/shared/notification/dependencies.ts';
import type { QueuedMessage } from '../../../functions/shared/notification/message.ts';
import { notify } from '../../../functions/shared/notification/notify.ts';
import type { Answer } from '../../../functions/shared/notification/post.ts';
import type { DeadReason } from '../../../functions/shared/notification/verdict.ts';
import type { WebhookRequest } from '../../../functions/shared/notification/webhook.ts';
import { WorkspaceSyncError } from '../../../functions/shared/errors.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

/** The token that must never be seen outside a request. */
export const token = 'hooks-token-0123456789';

/** A webhook as the configuration gives it, references unanswered. */
export function webhook(settings: Partial<WebhookConfig> = {}): WebhookConfig {
  return {
    url: 'http://127.0.0.1:18789/hooks',
    mode: 'wake',
    token: '${HOOKS_TOKEN}',
    window: 10,
    wakeMode: 'now',
    agentId: 'main',
    ...settings,
  };
}

/** An answer with a status. */
export function answer(status: number, more: { retryAfter?: string; body?: string } = {}): Answer {
  return { kind: 'answered', status, retryAfter: more.retryAfter, body: more.body ?? '' };
}

/** A delivery of a name. */
export function delivery(name: string): Delivery {
  return { id: `id-of-${name}`, name, size: 3 };
}

/** A message about files, as the queue hands it over. */
export function message(id: string, names: string[], agent = 'main'): QueuedMessage {
  const body = { version: 1, agent, runId: 'run-1', deliveries: names.map(delivery) };
  return { id, receiptHandle: `handle-of-${id}`, body: JSON.stringify(body) };
}

interface LogLine {
  level: string;
  text: string;
}

/** Everything around `notify`, in memory, with a clock that stands still. */
export class World {
  time = Date.parse('2026-11-22T10:00:00.000Z');
  agents: Record<string, { webhook?: WebhookConfig }> = { main: { webhook: webhook() } };
  secretVersion = 'version-1';
  secretValues: Record<string, string> = { HOOKS_TOKEN: token };
  /** What the receiver answers; asked at each request. */
  answerTo: (request: WebhookRequest) => Answer | Promise<Answer> = () => answer(200);

  readonly store = new MemoryObjectStore();
  readonly requests: WebhookRequest[] = [];
  readonly delays = new Map<string, number>();
  readonly buried = new Map<string, DeadReason & { body: string }>();
  readonly metrics: { name: string; agent: string | undefined }[] = [];
  readonly log: LogLine[] = [];
  #owners = 0;

  readonly clock: Clock = {
    now: () => this.time,
    sleep: () => Promise.resolve(),
  };

  /** Hands a batch to `notify`. @returns the ids that stay on the queue */
  async notify(...messages: QueuedMessage[]): Promise<string[]> {
    return notify(messages, this.dependencies());
  }

  /** Lets time pass. */
  pass(seconds: number): void {
    this.time += seconds * 1000;
  }

  /** The texts of all wakes so far. */
  texts(): string[] {
    return this.requests.map(({ body }) => (JSON.parse(body) as { text: string }).text);
  }

  dependencies(overrides: Partial<NotifyDependencies> = {}): NotifyDependencies {
    const write =
      (level: string) =>
      (text: string, fields: Record<string, unknown> = {}): void => {
        this.log.push({ level, text: `${text} ${inspect(fields)}` });
      };
    return {
      clock: this.clock,
      log: {
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
      emit: (name, _, { Agent }) => this.metrics.push({ name, agent: Agent }),
      store: this.store,
      secrets: {
        read: () => Promise.resolve({ values: this.secretValues, versionId: this.secretVersion }),
      },
      queue: {
        putOff: ({ id }, seconds) => {
          this.delays.set(id, seconds);
          return Promise.resolve();
        },
        bury: ({ id, body }, reason) => {
          this.buried.set(id, { ...reason, body });
          return Promise.resolve();
        },
      },
      post: async (request) => {
        this.requests.push(request);
        return this.answerTo(request);
      },
      agentConfig: (agent) => {
        const found = this.agents[agent];
        return found
          ? Promise.resolve(found)
          : Promise.reject(
              new WorkspaceSyncError('There is no such agent', {
                code: 'unknown-agent',
                retryable: false,
              }),
            );
      },
      random: () => 0.5,
      newOwner: () => `owner-${++this.#owners}`,
      ...overrides,
    };
  }
}

/** Everything that an error carries, as a log would write it at worst. */
function inspect(fields: Record<string, unknown>): string {
  return formatWithOptions({ depth: 10, showHidden: true }, '%O', fields);
}
