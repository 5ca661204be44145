import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Job, type MonthUsage, stateKeys } from '../../../functions/shared/contract/index.ts';
import { checkBudget, heldBack } from '../../../functions/shared/cost/budget.ts';
import { prices } from '../../../functions/shared/cost/prices.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

const november = Date.parse('2026-11-22T10:00:00Z');
const december = Date.parse('2026-12-01T00:00:00Z');
const quiet = (): void => undefined;

/** A state bucket in which the records of jobs lie. */
class Month {
  readonly store = new MemoryObjectStore();
  readonly metrics: Record<string, number> = {};
  readonly #client = new S3Client();
  readonly #s3 = mockClient(this.#client);
  readonly #keys = new Map<string, string>();
  #version = 0;

  async given(agent: string, job: Job, usage: Partial<MonthUsage> | string): Promise<void> {
    const key = stateKeys.status(agent, job);
    const none = { gbSeconds: 0, awsRequests: { write: 0, read: 0 }, bytesOut: 0 };
    const whole = { month: '2026-11', runs: 1, legs: 1, ...none, ...(usage as object) };
    const text = typeof usage === 'string' ? usage : JSON.stringify({ version: 1, usage: whole });
    await this.store.put(key, text);
    this.#keys.set(key, `${key} ${++this.#version} ${Math.random()}`);
    this.#s3
      .on(ListObjectsV2Command)
      .resolves({ Contents: [...this.#keys].map(([Key, ETag]) => ({ Key, ETag })) });
  }

  check(cap: number | undefined, now = november): ReturnType<typeof checkBudget> {
    for (const name of Object.keys(this.metrics)) Reflect.deleteProperty(this.metrics, name);
    return checkBudget(this.runtime(cap), now);
  }

  async codeOf(job: Job, cap: number | undefined, now = november): Promise<string | undefined> {
    return (await heldBack(this.runtime(cap), job, now))?.code;
  }

  runtime(cap: number | undefined): Parameters<typeof checkBudget>[0] {
    return {
      s3: this.#client,
      store: this.store,
      env: { STATE_BUCKET: 'state', ...(cap === undefined ? {} : { MONTHLY_CAP: String(cap) }) },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      emit: (name, value, dimensions) => {
        expect(dimensions).toEqual({});
        this.metrics[name] = value;
      },
    };
  }

  record(): unknown {
    return JSON.parse(this.store.text(stateKeys.budget) ?? 'null');
  }
}

describe('a month', () => {
  let month: Month;
  /** What a second of a function with a GB costs, times so many. */
  const worth = (dollars: number): Partial<MonthUsage> => ({
    gbSeconds: dollars / prices.lambdaGbSecond,
    runs: 0,
    legs: 0,
  });

  beforeEach(async () => {
    month = new Month();
    await month.given('ann', 'sync', worth(2));
    await month.given('bob', 'backup', worth(1));
  });

  it('is what all jobs of all agents have used, and is told', async () => {
    expect(await month.check(undefined)).toBeUndefined();
    expect(month.metrics).toEqual({ MonthCost: 3 });
    expect(month.record()).toBeNull();
  });

  it('has nothing of other months, of records without usage, and of broken ones', async () => {
    await month.given('cid', 'sync', { ...worth(50), month: '2026-10' });
    await month.given('dan', 'sync', '{"version":1}');
    await month.given('eve', 'sync', 'no JSON');
    await month.check(undefined);
    expect(month.metrics).toEqual({ MonthCost: 3 });
  });

  it('sees what has been added since', async () => {
    await month.check(undefined);
    await month.given('ann', 'sync', worth(4));
    await month.check(undefined);
    expect(month.metrics).toEqual({ MonthCost: 5 });
  });

  it('below its cap holds nothing back', async () => {
    expect(await month.check(3.01)).toBeUndefined();
    expect(month.metrics).not.toHaveProperty('Paused');
    expect(await month.codeOf('sync', 3.01)).toBeUndefined();
  });

  it('at its cap pauses, says so, and remembers since when', async () => {
    const paused = { month: '2026-11', cap: 3, used: 3, since: '2026-11-22T10:00:00.000Z' };
    expect(await month.check(3)).toEqual(paused);
    expect(await month.check(3, november + 300_000)).toEqual(paused);
    expect(month.metrics).toEqual({ MonthCost: 3, Paused: 1 });
    expect(month.record()).toEqual({ version: 1, ...paused });
  });

  it.each<[Job, string | undefined]>([
    ['sync', 'paused'],
    ['drain', 'paused'],
    ['verify', 'paused'],
    ['backup', undefined],
    ['prune', undefined],
    ['restore', undefined],
    ['list', undefined],
  ])('that is used up makes of %s: %s', async (job, code) => {
    await month.check(2);
    expect(await month.codeOf(job, 2)).toBe(code);
  });

  it('goes on when the cap is raised, before anybody has looked again', async () => {
    await month.check(2);
    expect(await month.codeOf('sync', 3.5)).toBeUndefined();
    expect(await month.codeOf('sync', undefined)).toBeUndefined();
    expect(await month.check(3.5)).toBeUndefined();
    expect(month.record()).toBeNull();
  });

  it('goes on when it is over, before anybody has looked again', async () => {
    await month.check(2);
    expect(await month.codeOf('sync', 2, december - 1)).toBe('paused');
    expect(await month.codeOf('sync', 2, december)).toBeUndefined();
    expect(await month.check(2, december)).toBeUndefined();
    expect(month.record()).toBeNull();
  });

  it('says what the cap is, what was used, and what to do', async () => {
    await month.check(2);
    const reason = await heldBack(month.runtime(2), 'sync', november);
    expect(reason?.message).toBe(
      'The deployment is paused: its runs have used about $3.00 in 2026-11, and "monthlyCap" is ' +
        '$2.00. Backups go on; drops stay where they are and arrive afterwards. Raise ' +
        '"monthlyCap" and deploy, or wait for the next month.',
    );
  });

  it('whose record is broken pauses nothing until it is written anew', async () => {
    await month.store.put(stateKeys.budget, 'no JSON');
    expect(await month.codeOf('sync', 2)).toBeUndefined();
    await month.check(2);
    expect(await month.codeOf('sync', 2)).toBe('paused');
  });
});
