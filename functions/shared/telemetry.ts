import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { metricNamespace, product } from './contract/index.ts';

/** Structured log: what every part of the runtime writes to. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/**
 * C1 controls, bidirectional overrides, zero-width and line-separating characters. JSON leaves them
 * as they are, and a hostile file name could use them to disguise or split a line in a log viewer.
 */
const deceptive =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/** The text with every deceptive character written as its escape. */
export function visible(text: string): string {
  return text.replace(
    deceptive,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
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
      logger[level](message, extra);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Emits one value under the project's namespace, for the given dimensions. */
export type EmitMetric = (
  name: string,
  value: number,
  dimensions: Record<string, string>,
  unit?: 'Count' | 'Milliseconds',
) => void;

/** Metrics as log lines in CloudWatch's embedded format: no request, no permission needed. */
export function createMetrics(deployment: string): EmitMetric {
  const metrics = new Metrics({ namespace: metricNamespace, serviceName: product });
  return (name, value, dimensions, unit = 'Count') => {
    const single = metrics.singleMetric();
    // The service dimension would make every metric a different one from those that alarms name.
    single.clearDefaultDimensions();
    single.addDimensions({ Deployment: deployment, ...dimensions });
    single.addMetric(name, unit === 'Count' ? MetricUnit.Count : MetricUnit.Milliseconds, value);
  };
}
