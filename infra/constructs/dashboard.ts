import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { metricNamespace, metrics, product } from '../../functions/shared/contract/index.ts';
import { deploymentMetric } from './alarms.ts';
import type { JobFunction } from './job-function.ts';

export interface DeploymentDashboardProps {
  deployment: string;
  /** US dollars, where there is a monthly cap. */
  cap: number | undefined;
  /** Functions by what they are called here. */
  functions: Record<string, JobFunction>;
  /** Queues of what nobody could handle, by what they are called here. */
  deadLetters: Record<string, IQueue>;
  runbookUrl: string;
}

const period = Duration.minutes(5);
const width = 12;
const height = 6;

/** Dimensions of the metrics about runs. */
const ofRuns = ['Agent', 'Deployment', 'Job'];

/**
 * One page about a deployment, however many agents it has: what differs from agent to agent is found
 * by search expressions when the page is looked at, so no agent takes a widget, and a new one is there
 * at once. A search shows 500 lines at most.
 *
 * The functions and queues are those of the stack itself. Agents on a file system have functions and
 * queues in stacks of their own that build on this one; their runs are here, and their dead letters
 * ring.
 */
export class DeploymentDashboard extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentDashboardProps) {
    super(scope, id);
    new Dashboard(this, 'Dashboard', {
      dashboardName: `${product}-${props.deployment}`,
      defaultInterval: Duration.days(1),
      widgets: [
        [title(props)],
        [runsByState(props), unsuccessful(props)],
        [durations(props), files(props)],
        [recovery(props), deadLetters(props)],
        [troubles(props), concurrency(props)],
        cost(props),
      ],
    });
  }
}

function title({ deployment, runbookUrl }: DeploymentDashboardProps): IWidget {
  const markdown = `# Workspace Sync, deployment ${deployment}\nWhat to do: ${runbookUrl}`;
  return new TextWidget({ markdown, width: 2 * width, height: 2 });
}

function runsByState(props: DeploymentDashboardProps): IWidget {
  const { succeeded, partial, blocked, skipped, failed } = metrics;
  return graph('Runs by state', {
    stacked: true,
    left: [
      total(props, succeeded, 'succeeded'),
      total(props, partial, 'partial'),
      total(props, skipped, 'skipped'),
      total(props, blocked, 'blocked'),
      total(props, failed, 'failed'),
    ],
  });
}

function unsuccessful(props: DeploymentDashboardProps): IWidget {
  return graph('Failed and blocked runs, by agent and job', {
    left: [
      each(props, metrics.failed, Stats.SUM, `${agentAndJob} failed`),
      each(props, metrics.blocked, Stats.SUM, `${agentAndJob} blocked`),
    ],
  });
}

function durations(props: DeploymentDashboardProps): IWidget {
  const search = searchFor(props, metrics.duration, ofRuns, Stats.MAXIMUM);
  return graph('Longest run, by agent and job', {
    left: [expression(`${search} / 1000`, agentAndJob)],
    leftYAxis: { label: 'seconds', showUnits: false, min: 0 },
  });
}

function files(props: DeploymentDashboardProps): IWidget {
  const { filesSent, filesDelivered, filesQuarantined } = metrics;
  return graph('Files', {
    left: [
      total(props, filesSent, 'sent to cloud folders'),
      total(props, filesDelivered, 'delivered to inboxes'),
      total(props, filesQuarantined, 'put into quarantine'),
    ],
  });
}

function recovery(props: DeploymentDashboardProps): IWidget {
  const search = searchFor(props, metrics.verifiedAge, ['Agent', 'Deployment'], Stats.MAXIMUM);
  return graph('Age of the newest verified snapshot, or of the first where none is, by agent', {
    left: [expression(`${search} / 3600`, "${PROP('Dim.Agent')}")],
    leftYAxis: { label: 'hours', showUnits: false, min: 0 },
  });
}

function deadLetters({ deadLetters: queues }: DeploymentDashboardProps): IWidget {
  return graph('Dead letters', {
    left: Object.entries(queues).map(([label, queue]) =>
      queue.metricApproximateNumberOfMessagesVisible({ label, period, statistic: Stats.MAXIMUM }),
    ),
  });
}

function troubles({ functions }: DeploymentDashboardProps): IWidget {
  return graph('Errors and throttled calls of functions', {
    left: Object.entries(functions).flatMap(([name, { function: of }]) => [
      of.metricErrors({ label: `${name} errors`, period, statistic: Stats.SUM }),
      of.metricThrottles({ label: `${name} throttled`, period, statistic: Stats.SUM }),
    ]),
  });
}

function concurrency({ functions }: DeploymentDashboardProps): IWidget {
  const options = { metricName: 'ConcurrentExecutions', period, statistic: Stats.MAXIMUM };
  return graph('Calls at the same time', {
    left: Object.entries(functions).map(([label, { function: of }]) =>
      of.metric('ConcurrentExecutions', { label, period, statistic: Stats.MAXIMUM }),
    ),
    right: [new Metric({ ...options, namespace: 'AWS/Lambda', label: 'whole account' })],
  });
}

function cost({ deployment, cap }: DeploymentDashboardProps): IWidget[] {
  const spent = deploymentMetric(deployment, metrics.monthCost, {
    period,
    statistic: Stats.MAXIMUM,
  }).with({ label: 'US dollars' });
  return [
    new SingleValueWidget({
      title: 'What runs have used this month, estimated',
      metrics: [spent],
      width: width / 2,
      height,
    }),
    graph('What runs use in a month, estimated', {
      left: [spent],
      leftYAxis: { min: 0 },
      width: width + width / 2,
      ...(cap === undefined ? {} : { leftAnnotations: [{ value: cap, label: 'monthly cap' }] }),
    }),
  ];
}

function graph(name: string, props: GraphWidgetProps): IWidget {
  return new GraphWidget({ title: name, width, height, ...props });
}

const agentAndJob = "${PROP('Dim.Agent')} ${PROP('Dim.Job')}";

/** The sum over all agents and jobs. */
function total(props: DeploymentDashboardProps, metric: string, label: string): IMetric {
  return expression(`SUM(${searchFor(props, metric, ofRuns, Stats.SUM)})`, label);
}

/** One line for each agent and job. */
function each(
  props: DeploymentDashboardProps,
  metric: string,
  statistic: string,
  label: string,
): IMetric {
  return expression(searchFor(props, metric, ofRuns, statistic), label);
}

function searchFor(
  { deployment }: DeploymentDashboardProps,
  metric: string,
  dimensions: readonly string[],
  statistic: string,
): string {
  const schema = [metricNamespace, ...dimensions].join(',');
  const filter = `MetricName="${metric}" Deployment="${deployment}"`;
  return `SEARCH('{${schema}} ${filter}', '${statistic}', ${period.toSeconds()})`;
}

function expression(text: string, label: string): IMetric {
  return new MathExpression({ expression: text, label, period });
}
