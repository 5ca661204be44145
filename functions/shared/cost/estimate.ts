import { type AgentConfig, backupPlace, type DeploymentConfig } from '../config/index.ts';
import type { MonthUsage } from '../contract/index.ts';
import { type Assumptions, defaultAssumptions, effort, memory } from './assumptions.ts';
import { costOf, type UsageRecord } from './cost-of.ts';
import { bytesOut, rcloneRequests } from './leg-usage.ts';
import { type CostLine, line } from './line.ts';
import { hoursPerMonth, prices } from './prices.ts';
import { storedBytesOf } from './stored.ts';

const secondsPerMonth = hoursPerMonth * 3600;
const daysPerMonth = hoursPerMonth / 24;

/** What an estimate is about. */
export type Estimated = Pick<DeploymentConfig, 'agents' | 'dashboard' | 'monthlyCap' | 'tracing'>;

/**
 * What a month of a deployment will cost, thing by thing, before anything has run. The assumptions
 * hold for every agent; those that are not given are the defaults.
 */
export function estimateMonth(
  config: Estimated,
  assumptions: Partial<Assumptions> = {},
): CostLine[] {
  const assumed = { ...defaultAssumptions, ...assumptions };
  const usages = config.agents.flatMap((agent) => usagesOfAgent(agent, assumed));
  const runs = usages.reduce((sum, { usage }) => sum + usage.runs, 0);
  return [
    ...costOf(usages, config, {
      elapsed: 1,
      storedBytes: assumed.storedBytes ?? storedBytesOf(config.agents, assumed),
    }),
    ...(config.tracing ? [line('X-Ray, traces', runs, 'traces', prices.trace)] : []),
    ...notificationLines(config.agents, assumed),
  ];
}

/** Turns of agents that notifications cause in a month: what a turn costs depends on the model. */
export function turnsPerMonth(
  agents: readonly AgentConfig[],
  { dropsPerDay }: Pick<Assumptions, 'dropsPerDay'> = defaultAssumptions,
): number {
  return agents.filter(({ webhook }) => webhook !== undefined).length * dropsPerDay * daysPerMonth;
}

function notificationLines(agents: readonly AgentConfig[], assumed: Assumptions): CostLine[] {
  const turns = turnsPerMonth(agents, assumed);
  const seconds = turns * effort.idleSeconds.notify * memory.notify;
  return [
    line('Lambda, notifications', seconds, 'GB-seconds', prices.lambdaGbSecond),
    line('SQS, notifications', 4 * turns, 'requests', prices.queueRequest),
  ];
}

function usagesOfAgent(agent: AgentConfig, assumed: Assumptions): UsageRecord[] {
  return [syncs(agent, assumed), drains(agent, assumed), ...snapshots(agent, assumed)].filter(
    ({ usage }) => usage.runs > 0,
  );
}

/** Runs of a job in a month, with what all of them carry together. */
interface Month {
  runs: number;
  done: Parameters<typeof bytesOut>[0]['done'];
  /** Seconds of work beside those that every run takes. */
  seconds: number;
  /** Requests that list or write, beside those of every run. */
  writes?: number;
}

function syncs(agent: AgentConfig, assumed: Assumptions): UsageRecord {
  const { provider, interval, onSessionStart, onSessionEnd } = agent.sync;
  const sessions = [onSessionStart, onSessionEnd].filter(Boolean).length * assumed.sessionsPerDay;
  const scheduled = interval > 0 ? secondsPerMonth / interval : 0;
  const runs = provider === 'off' ? 0 : scheduled + sessions * daysPerMonth;
  const share = assumed.changedPerDay * daysPerMonth;
  const filesSent = share * assumed.files;
  const bytesSent = share * assumed.bytes;
  return record(agent, 'sync', {
    runs,
    done: { filesSent, bytesSent },
    seconds: carrying(filesSent, bytesSent),
    writes: runs * pages(assumed.files),
  });
}

function drains(agent: AgentConfig, { dropsPerDay, dropBytes }: Assumptions): UsageRecord {
  const filesDelivered = dropsPerDay * daysPerMonth;
  const bytesDelivered = filesDelivered * dropBytes;
  return record(agent, 'drain', {
    runs: filesDelivered,
    done: { filesDelivered, bytesDelivered },
    seconds: carrying(filesDelivered, bytesDelivered),
    // A copy and a receipt.
    writes: 2 * filesDelivered,
  });
}

function snapshots(agent: AgentConfig, { files, bytes }: Assumptions): UsageRecord[] {
  const { backup } = agent;
  if (!backup.enabled) return [];
  const runs = backup.interval > 0 ? secondsPerMonth / backup.interval : 0;
  const checks = backup.verifyInterval > 0 ? secondsPerMonth / backup.verifyInterval : 0;
  const isOurs = backupPlace(agent).kind === 'own';
  // Each part of an upload is a request.
  const parts = Math.ceil((bytes * effort.compressed) / (8 * 2 ** 20)) + 4;
  const packing = bytes / effort.packedPerSecond;
  return [
    record(agent, 'backup', {
      runs,
      done: { filesStored: runs * files, bytesStored: runs * bytes },
      seconds: runs * (packing + files / 500),
      writes: runs * (effort.backupWrites + pages(files) + (isOurs ? parts : 0)),
    }),
    record(agent, 'prune', { runs, done: {}, seconds: 0, writes: runs }),
    record(agent, 'verify', { runs: checks, done: {}, seconds: checks * packing, writes: checks }),
  ];
}

function record(
  agent: AgentConfig,
  job: 'sync' | 'drain' | 'backup' | 'prune' | 'verify',
  { runs, done, seconds, writes = 0 }: Month,
): UsageRecord {
  const requests = {
    write: runs * effort.requests.write + writes,
    read: runs * effort.requests.read,
  };
  const leg = {
    agent,
    request: { job },
    done,
    milliseconds: 0,
    memoryMb: 0,
    requests,
    isLast: true,
  };
  const byRclone = rcloneRequests(leg);
  const usage: MonthUsage = {
    month: '',
    runs,
    legs: runs,
    gbSeconds: memory[job] * (runs * effort.idleSeconds[job] + seconds),
    awsRequests: {
      write: requests.write + byRclone.write,
      read: requests.read + byRclone.read,
    },
    bytesOut: bytesOut(leg),
  };
  return { agent: agent.name, job, usage };
}

function carrying(files: number, bytes: number): number {
  return files / effort.filesPerSecond + bytes / effort.bytesPerSecond;
}

/** Requests that it takes to list so many files. */
function pages(files: number): number {
  return Math.max(1, Math.ceil(files / 1000));
}
