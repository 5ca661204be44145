import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { product } from '../../functions/shared/contract/index.ts';
import type { Context } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import type { LogEvent } from './entries.ts';

/** A log group of the deployment. */
export interface LogGroup {
  name: string;
  /** The function that writes it. */
  function: string;
}

/** The deployment's logs. */
export function logsOf({ target }: Pick<Context, 'target'>): CloudWatchLogsClient {
  return new CloudWatchLogsClient(target.client);
}

/**
 * The log groups of the deployment's functions, or of one of them; agents on a file system have
 * functions of their own, whose names begin the same.
 * @throws CommandFailure where there are none.
 */
export async function logGroups(
  client: CloudWatchLogsClient,
  deployment: string,
  wanted: string | undefined,
): Promise<LogGroup[]> {
  const prefix = `/${product}/${deployment}/`;
  const groups: LogGroup[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix, nextToken }),
    );
    for (const { logGroupName: name = '' } of page.logGroups ?? []) {
      groups.push({ name, function: name.slice(prefix.length) });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  const chosen = groups.filter(
    (group) =>
      wanted === undefined || group.function === wanted || group.function.startsWith(`${wanted}-`),
  );
  if (chosen.length > 0) return chosen;
  throw new CommandFailure(
    `There is no log group ${prefix}${wanted ?? '…'}. Has the deployment "${deployment}" been made?`,
    { code: 'no-logs', exitCode: exitCodes.unreachable },
  );
}

/** All events of a group since a time, oldest first. */
export async function eventsSince(
  client: CloudWatchLogsClient,
  group: LogGroup,
  startTime: number,
): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName: group.name, startTime, nextToken }),
    );
    for (const { timestamp = 0, message = '', logStreamName = '' } of page.events ?? []) {
      events.push({ function: group.function, stream: logStreamName, timestamp, message });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return events;
}
