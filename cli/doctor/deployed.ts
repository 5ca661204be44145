import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import {
  GetScheduleCommand,
  paginateListSchedules,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import manifest from '../../package.json' with { type: 'json' };
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { runbookAnchors, type RunbookAnchor } from '../../functions/shared/contract/index.ts';
import { awsCommandLine, commandInQuotes } from '../command-line.ts';
import { outputOf } from '../aws/deployment.ts';
import { counted } from '../output/words.ts';
import type { Check, Examination } from './examination.ts';
import { type Found, unknown, well, wrong } from './finding.ts';

/** What AWS says about the deployment. */
export function deployedChecks(): Check[] {
  return [
    {
      name: 'deployment',
      look: async ({ deployment, general }) => {
        const found = await deployment();
        const deploy = commandInQuotes(['deploy'], general);
        const { name, outputs } = found;
        if (found.missing.length > 0)
          return wrong(
            `The stack ${found.missing.join(', ')} is not there: its agents have no functions`,
            `Run ${deploy}`,
          );
        const release = outputs['Release'];
        if (release === manifest.version)
          return well(`${name} is deployed, of this release (${release})`);
        return wrong(
          `${name} is of ${release === undefined ? 'an older release' : `release ${release}`}, and this checkout of ${manifest.version}`,
          `Run ${deploy}, or check out the release that is deployed`,
        );
      },
    },
    { name: 'alarms', look: ringingAlarms },
    { name: 'alarm-email', look: alarmEmail },
    { name: 'schedules', look: schedules },
    { name: 'dead-letters', look: deadLetters },
    { name: 'functions', look: functions },
  ];
}

async function ringingAlarms({ deployment, target }: Examination): Promise<Found[]> {
  const { stack } = await deployment();
  const client = new CloudWatchClient(target.client);
  const query = { AlarmNamePrefix: `${stack}-`, StateValue: 'ALARM' as const };
  const ringing: Found[] = [];
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, query)) {
    for (const { AlarmName = '', AlarmDescription = AlarmName } of MetricAlarms) {
      const runbook = /#([a-z0-9-]+)\s*$/.exec(AlarmDescription)?.[1];
      ringing.push(
        wrong(`An alarm rings: ${AlarmDescription}`, 'Do what the runbook says about it', {
          ...(runbook === undefined ? {} : { runbook }),
        }),
      );
    }
  }
  return ringing.length > 0 ? ringing : [well('No alarm rings')];
}

/** Amazon SNS says it; a client for one question would be most of the command. */
async function alarmEmail({ site, deployment, target }: Examination): Promise<Found> {
  const { alarmEmail: address } = site().parsed.config;
  if (address === undefined)
    return well('No address for alarms is configured: nobody is written to');
  const topic = outputOf((await deployment()).outputs, 'AlarmTopicArn');
  const words = ['sns', 'list-subscriptions-by-topic', '--topic-arn', topic];
  return unknown(
    `Whether ${address} has confirmed that it wants alarms is not looked at: ` +
      `"${awsCommandLine(words, target)}" says "PendingConfirmation" where it has not`,
  );
}

/** What a schedule starts. */
interface Start {
  job: string;
  agent: string;
}

async function schedules({ deployment, agents, target, general }: Examination): Promise<Found[]> {
  const { outputs, sets } = await deployment();
  const client = new SchedulerClient(target.client);
  const GroupName = outputOf(outputs, 'ScheduleGroupName');
  const there: (Start & { isOn: boolean })[] = [];
  for await (const page of paginateListSchedules({ client }, { GroupName })) {
    for (const { Name } of page.Schedules ?? []) {
      const { State, Target } = await client.send(new GetScheduleCommand({ GroupName, Name }));
      there.push({ ...startOf(Target?.Input), isOn: State !== 'DISABLED' });
    }
  }
  const deploy = commandInQuotes(['deploy'], general);
  const off = there.filter(({ isOn }) => !isOn);
  const absent = agents()
    .flatMap(wanted)
    .filter((each) => !there.some(({ job, agent }) => job === each.job && agent === each.agent));
  const found = [
    ...off.map(({ job, agent }) =>
      wrong(
        `The schedule of ${job} is disabled`,
        `Enable it in EventBridge Scheduler, group ${GroupName}; ${deploy} does not notice`,
        { about: agent },
      ),
    ),
    ...absent.map(({ job, agent }) =>
      wrong(`There is no schedule of ${job}`, `Run ${deploy}`, { about: agent }),
    ),
    ...setWide.flatMap(({ job, without }) =>
      there.filter((each) => each.job === job).length < sets.length
        ? [wrong(`There is no schedule of ${job}: ${without}`, `Run ${deploy}`)]
        : [],
    ),
  ];
  return found.length > 0
    ? found
    : [well(`${counted(there.length, 'schedule is', 'schedules are')} there and enabled`)];
}

/** What each set of functions has a schedule of, whatever its agents do, and what is amiss without. */
const setWide = [
  { job: 'sweep', without: 'a drop whose event is lost waits for the next one' },
  { job: 'refresh', without: 'status files grow old, and nothing looks after the monthly cap' },
];

/** What the target of a schedule is told. */
function startOf(input = '{}'): Start {
  const { job, agent = '', refresh } = JSON.parse(input) as Partial<Start & { refresh: boolean }>;
  return { job: job ?? (refresh === true ? 'refresh' : 'sweep'), agent };
}

function wanted({ name: agent, sync, backup }: AgentConfig): Start[] {
  const jobs = [
    ...(sync.provider !== 'off' && sync.interval > 0 ? ['sync'] : []),
    ...(backup.enabled && backup.interval > 0 ? ['backup'] : []),
    ...(backup.enabled && backup.verifyInterval > 0 ? ['verify'] : []),
  ];
  return jobs.map((job) => ({ job, agent }));
}

const deadQueues: [output: string, what: string, runbook: RunbookAnchor][] = [
  ['DeadDropQueueUrl', 'drops that could not be delivered', runbookAnchors.deadDrops],
  ['DeadScheduleQueueUrl', 'scheduled runs that could not be started', runbookAnchors.deadRequests],
  ['DeadRequestQueueUrl', 'runs that died', runbookAnchors.deadRequests],
  [
    'DeadNotificationQueueUrl',
    'notifications that could not be posted',
    runbookAnchors.deadNotifications,
  ],
];

async function deadLetters({ deployment, target }: Examination): Promise<Found[]> {
  const { sets } = await deployment();
  const client = new SQSClient(target.client);
  const queues = deadQueues.flatMap(([output, what, runbook]) =>
    [...new Set(sets.map((set) => set[output]))].flatMap((QueueUrl) =>
      QueueUrl === undefined ? [] : [{ QueueUrl, what, runbook }],
    ),
  );
  const counts = await Promise.all(
    queues.map(async ({ QueueUrl, what, runbook }) => {
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ['ApproximateNumberOfMessages'],
        }),
      );
      const waiting = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
      if (waiting === 0) return [];
      const message = `Dead letters: ${waiting} in the queue of ${what}`;
      return [wrong(message, 'Look at them, then send them on or purge the queue', { runbook })];
    }),
  );
  const found = counts.flat();
  return found.length > 0 ? found : [well(`No dead letters in ${counted(queues.length, 'queue')}`)];
}

const unstop = ['lambda', 'delete-function-concurrency', '--function-name'];

/** The runtime that functions are deployed with. */
const runtime = 'nodejs24.x';

async function functions(examination: Examination): Promise<Found[]> {
  const { deployment, clients, target, general } = examination;
  const { sets } = await deployment();
  const names = sets.flatMap((set) =>
    Object.entries(set).flatMap(([key, name]) => (key.endsWith('FunctionName') ? [name] : [])),
  );
  const looked = await Promise.all(
    [...new Set(names)].map(async (FunctionName) => {
      const { Configuration, Concurrency } = await clients.lambda.send(
        new GetFunctionCommand({ FunctionName }),
      );
      const about = FunctionName;
      const found: Found[] = [];
      if (Concurrency?.ReservedConcurrentExecutions === 0) {
        found.push(
          wrong(
            'The function is stopped: its reserved concurrency is 0',
            `Run "${awsCommandLine([...unstop, FunctionName], target)}"`,
            { about, runbook: runbookAnchors.throttled },
          ),
        );
      }
      if (Configuration?.Runtime !== runtime) {
        const message = `The function runs on ${Configuration?.Runtime ?? 'an unknown runtime'}`;
        const deploy = commandInQuotes(['deploy'], general);
        found.push(wrong(message, `Update the checkout and run ${deploy}`, { about }));
      }
      return found;
    }),
  );
  const found = looked.flat();
  if (found.length > 0) return found;
  if (names.length === 0) return [unknown('The deployment names no functions')];
  return [well(`${counted(looked.length, 'function')} on ${runtime}, none of them stopped`)];
}
