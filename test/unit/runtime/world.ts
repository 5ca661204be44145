import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import type { JobReport, JobRequest } from '../../../functions/shared/contract/index.ts';
import type { JobResult } from '../../../functions/shared/runtime/report.ts';
import { runJob, type JobFunction } from '../../../functions/shared/runtime/run.ts';
import type { Runtime } from '../../../functions/shared/runtime/runtime.ts';
import { secretStore } from '../../../functions/shared/secrets/store.ts';
import type { ObjectStore } from '../../../functions/shared/state/object-store.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

/** When every run of these tests begins. */
export const start = Date.parse('2026-11-22T10:00:00Z');

export interface SentEvent {
  type: string | undefined;
  detail: unknown;
  text: string;
}

interface Metric {
  name: string;
  value: number;
  dimensions: Record<string, string>;
  unit: string | undefined;
}

/** A runtime whose clients answer from memory and write down what they were asked. */
export class RunWorld {
  time = start;
  /** Jobs that wait do so here. */
  sleep: (milliseconds: number) => Promise<void> = () => Promise.resolve();
  env: Record<string, string> = { FUNCTION_TIMEOUT_SECONDS: '900', EVENT_BUS: 'bus' };
  readonly store = new MemoryObjectStore();
  readonly #clients = {
    events: new EventBridgeClient(),
    s3: new S3Client(),
    sqs: new SQSClient(),
    secrets: new SecretsManagerClient(),
  };
  readonly events = mockClient(this.#clients.events);
  readonly s3 = mockClient(this.#clients.s3);
  readonly sqs = mockClient(this.#clients.sqs);
  readonly secrets = mockClient(this.#clients.secrets);
  readonly metrics: Metric[] = [];
  readonly log: string[] = [];

  constructor() {
    this.events.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
  }

  /** Runs a job that ends like this, after `seconds`. */
  run(
    result: JobResult | JobFunction,
    request: Partial<JobRequest> = {},
    options: { timeoutSeconds?: number; seconds?: number; store?: ObjectStore } = {},
  ): Promise<JobReport> {
    const { seconds = 5, store = this.store, ...work } = options;
    const job: JobFunction = async (context) => {
      this.time += seconds * 1_000;
      return typeof result === 'function' ? result(context) : result;
    };
    return runJob(
      { ...this.#runtime(), store },
      { request: { job: 'sync', agent: 'main', trigger: 'manual', ...request }, ...work },
      { getRemainingTimeInMillis: () => 900_000 },
      job,
    );
  }

  /** Runs legs that each end as `continued`, until one ends otherwise. */
  async runLegs(result: () => JobResult, timeoutSeconds?: number): Promise<JobReport[]> {
    const reports: JobReport[] = [];
    let request: Partial<JobRequest> = {};
    for (let leg = 0; leg < 20; leg++) {
      const options = timeoutSeconds === undefined ? {} : { timeoutSeconds };
      reports.push(await this.run(result(), request, { ...options, seconds: 60 }));
      if (reports.at(-1)?.state !== 'continued') break;
      request = this.sent().at(-1)?.detail as JobRequest;
    }
    return reports;
  }

  sent(): SentEvent[] {
    return this.events.commandCalls(PutEventsCommand).flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ DetailType, Detail = '' }) => ({
        type: DetailType,
        detail: JSON.parse(Detail) as unknown,
        text: Detail,
      })),
    );
  }

  /** An object of the state bucket. */
  stored(key: string): unknown {
    return JSON.parse(this.store.text(key) ?? 'null');
  }

  /** Names of the metrics and their values. */
  measured(): Record<string, number> {
    return Object.fromEntries(this.metrics.map(({ name, value }) => [name, value]));
  }

  /** How many requests any client made. */
  requests(): number {
    const clients = [this.events, this.s3, this.sqs, this.secrets];
    return clients.reduce((sum, client) => sum + client.calls().length, 0);
  }

  #runtime(): Runtime {
    const write = (message: string, fields?: Record<string, unknown>): void => {
      this.log.push(`${message} ${JSON.stringify(fields)}`);
    };
    return {
      env: this.env,
      deployment: 'test',
      clock: { now: () => this.time, sleep: (milliseconds) => this.sleep(milliseconds) },
      log: { debug: write, info: write, warn: write, error: write },
      emit: (name, value, dimensions, unit) => this.metrics.push({ name, value, dimensions, unit }),
      s3: this.#clients.s3,
      sqs: this.#clients.sqs,
      events: this.#clients.events,
      secrets: secretStore(this.#clients.secrets, 'test'),
      store: this.store,
      s3Access: { provider: 'AWS', region: 'us-east-1' },
      agentsDirectory: '/nowhere',
      recoveryKit: '/nowhere',
      temporaryFolder: '/nowhere',
    };
  }
}
