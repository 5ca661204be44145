import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { metricNamespace, product } from './contract/index.ts';
import { visible } from './deceptive.ts';

/** Structured log: what every part of the runtime writes to. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What stands in every line that is written within. */
const within = new AsyncLocalStorage<Record<string, unknown>>();

/**
 * Does work whose every line in any log bears these fields, whoever writes it; lines of other work at
 * the same time do not, nor do later ones.
 */
export function withLogFields<T>(fields: Record<string, unknown>, work: () => T): T {
  return within.run({ ...within.getStore(), ...fields }, work);
}

/** The log of one function; `fields` stand in every line. */
export function createLog(fields: Record<string, unknown> = {}): Log {
  const logger = new Logger({
    serviceName: product,
    jsonReplacerFn: (_key: string, value: unknown) =>
      typeof value === 'string' ? visible(value) : value,
  });
  logger.appendKeys(fields);
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, extra: Record<string, unknown> = {}): void => {
      logger[level](message, { ...within.getStore(), ...extra });
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

const units = {
  Count: MetricUnit.Count,
  Milliseconds: MetricUnit.Milliseconds,
  Seconds: MetricUnit.Seconds,
  /** Whatever else: dollars, for instance. */
  None: MetricUnit.NoUnit,
} as const;

/** Emits one value under the project's namespace, for the given dimensions. */
export type EmitMetric = (
  name: string,
  value: number,
  dimensions: Record<string, string>,
  unit?: keyof typeof units,
) => void;

/** Metrics as log lines in CloudWatch's embedded format: no request, no permission needed. */
export function createMetrics(deployment: string): EmitMetric {
  const metrics = new Metrics({ namespace: metricNamespace, serviceName: product });
  return (name, value, dimensions, unit = 'Count') => {
    const single = metrics.singleMetric();
    // The service dimension would make every metric a different one from those that alarms name.
    single.clearDefaultDimensions();
    single.addDimensions({ Deployment: deployment, ...dimensions });
    single.addMetric(name, units[unit], value);
  };
}
