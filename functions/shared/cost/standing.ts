import type { AgentConfig, DeploymentConfig } from '../config/index.ts';
import { effort, memory } from './assumptions.ts';
import { type CostLine, line } from './line.ts';
import { hoursPerMonth, prices } from './prices.ts';

/** What of a configuration costs something whether or not anything runs. */
export type Standing = Pick<DeploymentConfig, 'agents' | 'dashboard' | 'monthlyCap'>;

/** Sets of functions: one, and another for every access point of EFS. */
function setsOf(agents: readonly AgentConfig[]): number {
  const mounts = agents.flatMap(({ workspace }) =>
    workspace.kind === 'efs' ? [workspace.accessPointArn] : [],
  );
  return 1 + new Set(mounts).size;
}

/** Metrics that alarms watch: dead letters, throttles, webhooks, the cap, and each agent's own. */
export function alarmMetrics({ agents, monthlyCap }: Standing): number {
  const perSet = 5;
  const own = 2 + (monthlyCap === undefined ? 0 : 1);
  return agents
    .map(alarmsOfAgent)
    .reduce((sum, count) => sum + count, own + perSet * setsOf(agents));
}

function alarmsOfAgent({ sync, backup }: AgentConfig): number {
  const syncs = sync.provider === 'off' ? 0 : sync.interval > 0 ? 3 : 2;
  const snapshots = backup.enabled ? (backup.verifyInterval > 0 ? 5 : 4) : 0;
  return syncs + snapshots;
}

/** Entries of Secrets Manager, roughly: one for each block of an agent that refers to a secret. */
export function secretEntries(agents: readonly AgentConfig[]): number {
  return agents.map(entriesOf).reduce((sum, count) => sum + count, 0);
}

function entriesOf({ sync, backup, webhook, workspace }: AgentConfig): number {
  const { passphrase, ...storage } = backup;
  const blocks = [sync, webhook, workspace, backup.enabled ? storage : {}];
  const referring = blocks.filter((block) => /"\$\{[A-Z]/.test(JSON.stringify(block ?? {})));
  return referring.length + (backup.enabled && passphrase !== undefined ? 1 : 0);
}

/**
 * What a deployment costs because it is there, for a share of a month: alarms, entries for secrets,
 * the dashboard, and what looks every five minutes for drops and at how things are.
 */
export function standingLines(config: Standing, share = 1): CostLine[] {
  const sets = setsOf(config.agents);
  const ticks = share * hoursPerMonth * 12;
  const { drain, status } = effort.idleSeconds;
  const looking = ticks * (sets * drain * memory.drain + status * memory.status);
  // How old verified snapshots are, what the month has cost, and whether it is paused.
  const backedUp = config.agents.filter(({ backup }) => backup.enabled).length;
  const gauges = backedUp + 1;
  return [
    line(
      'CloudWatch, alarms',
      share * alarmMetrics(config),
      'metrics and months',
      prices.alarmMetricMonth,
    ),
    ...(config.dashboard
      ? [line('CloudWatch, dashboard', share, 'months', prices.dashboardMonth)]
      : []),
    line(
      'CloudWatch, gauges',
      share * hoursPerMonth * gauges,
      'metrics and hours',
      prices.metricHour,
    ),
    line(
      'Secrets Manager, entries',
      share * secretEntries(config.agents),
      'entries and months',
      prices.secretMonth,
    ),
    line('Lambda, sweeps and status', looking, 'GB-seconds', prices.lambdaGbSecond),
    line('Lambda, calls for them', ticks * (sets + 1), 'calls', prices.lambdaCall),
    line('Scheduler, for them', ticks * (sets + 1), 'calls', prices.scheduledCall),
    line(
      'SQS, polling and sweeps',
      share * queuePolls(sets) + ticks * sets * 7,
      'requests',
      prices.queueRequest,
    ),
    // What each agent's runs have written down is read, and one file written into its workspace.
    line('S3, reading for them', 12 * ticks * config.agents.length, 'GET, HEAD', prices.s3Read),
    line(
      'S3, requests for them',
      ticks * (sets + 1 + config.agents.length),
      'PUT, COPY, POST, LIST',
      prices.s3Write,
    ),
  ];
}

/** Lambda asks an idle queue by five long polls of 20 s at once: of drops per set, and of notifications. */
function queuePolls(sets: number): number {
  return (sets + 1) * 5 * 3 * 60 * hoursPerMonth;
}
