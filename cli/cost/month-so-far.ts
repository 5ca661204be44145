import { existsSync } from 'node:fs';
import * as z from 'zod';
import { isoTime } from '../../functions/shared/clock.ts';
import { stateKeys, type Job } from '../../functions/shared/contract/index.ts';
import {
  type Budget,
  costOf,
  costOfRuns,
  elapsedShare,
  monthOf,
  monthUsageSchema,
  notCounted,
  totalOf,
  type UsageRecord,
} from '../../functions/shared/cost/index.ts';
import { listAll } from '../aws/objects.ts';
import { orLeftOut, readState } from '../aws/state.ts';
import { bucketOf, configFile, openContext, withAgent, type Context } from '../context.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { capOfMonth } from './cap.ts';
import { readConfiguration } from './configuration.ts';
import { storedBytes } from './stored.ts';
import type { Account } from './text.ts';
import { turnsOf } from './turns.ts';

/** What the deployment, or one agent of it, has cost this month, by the records of its runs. */
export async function monthSoFar(shell: Shell, general: General): Promise<Account> {
  const context = await openContext(shell, general);
  const only = general.agent === undefined ? undefined : withAgent(context).agent;
  const now = shell.clock.now();
  const [month, elapsed] = [monthOf(now), elapsedShare(now)];
  const leftOut: string[] = [];
  const usages = await usagesIn(context, { month, only }, leftOut);
  const turns = await turnsOf(context, month, only, leftOut);
  const file = configFile(general, context.target);
  const config = existsSync(file) ? readConfiguration(file) : undefined;
  const budget = await orLeftOut(readState<Budget>(context, stateKeys.budget), leftOut);
  const common = {
    deployment: context.deployment.name,
    month,
    elapsed,
    asOf: isoTime(now),
    agents: [...new Set(usages.map(({ agent }) => agent))].sort(),
    turns,
    ...capOfMonth(budget, month, config),
    ...(leftOut.length > 0 ? { leftOut } : {}),
  };
  // What is there whether or not anything runs is not one agent's.
  if (only !== undefined || !config) {
    const lines = costOfRuns(usages.map(({ usage }) => usage));
    return { kind: 'runs', ...common, lines, ...sums(lines, elapsed), notCounted: [...notCounted] };
  }
  const stored = await storedBytes(context, now);
  const lines = costOf(usages, config, {
    elapsed,
    ...(stored === undefined ? {} : { storedBytes: stored }),
  });
  return { kind: 'month', ...common, lines, ...sums(lines, elapsed), notCounted: [...notCounted] };
}

function sums(
  lines: Account['lines'],
  elapsed: number,
): Required<Pick<Account, 'dollars' | 'projected'>> {
  const dollars = totalOf(lines);
  return { dollars, projected: elapsed > 0 ? dollars / elapsed : dollars };
}

const statusSchema = z.looseObject({ usage: monthUsageSchema.optional() });

function isStatus(value: unknown): value is z.output<typeof statusSchema> {
  return statusSchema.safeParse(value).success;
}

async function usagesIn(
  context: Context,
  { month, only }: { month: string; only: string | undefined },
  leftOut: string[],
): Promise<UsageRecord[]> {
  const prefix = only === undefined ? 'status/' : `status/${only}/`;
  const { objects } = await listAll(context.clients.s3, {
    bucket: bucketOf(context, 'State'),
    prefix,
  });
  const read = objects.map(async ({ Key }): Promise<UsageRecord[]> => {
    const [, agent = '', file = ''] = Key.split('/');
    const { usage } = (await orLeftOut(readState(context, Key, isStatus), leftOut)) ?? {};
    if (usage?.month !== month) return [];
    return [{ agent, job: file.replace(/\.json$/, '') as Job, usage }];
  });
  return (await Promise.all(read)).flat();
}
