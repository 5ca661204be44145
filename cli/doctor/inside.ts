import type {
  AgentStatus,
  JobReport,
  Listed,
  StatusProblem,
} from '../../functions/shared/contract/index.ts';
import { runbookAnchors } from '../../functions/shared/contract/index.ts';
import type { WebhookCheck } from '../../functions/shared/notification/check.ts';
import type { Outputs } from '../aws/deployment.ts';
import { wordsFor } from '../aws/faults.ts';
import { commandInQuotes } from '../command-line.ts';
import { type AgentContext, withAgent } from '../context.ts';
import { inOneLine } from '../output/words.ts';
import { inCommandWords } from '../report/keys.ts';
import { ask, askJob } from '../runs/invoke.ts';
import { problemInWords } from '../status/problems.ts';
import { absentIn } from '../status/status.ts';
import { cloudCure } from './cloud.ts';
import type { Check, Examination } from './examination.ts';
import { type Found, unknown, well, wrong } from './finding.ts';

/** What the deployment's own functions see. */
export function insideChecks(): Check[] {
  return [
    {
      name: 'cloud-from-lambda',
      limit: 90_000,
      after: 'cloud-from-here',
      look: (examination) =>
        ofEach(
          examination,
          ({ sync }) => sync.provider !== 'off',
          async (context) => {
            const report = await list(context, 'cloud');
            const about = context.agent;
            if (report.reason?.code === 'lease-held') {
              return unknown(`Not looked at: ${wordsOf(report, context)}`, about);
            }
            return report.state === 'succeeded'
              ? well('The cloud folder answers the deployment', about)
              : wrong(wordsOf(report, context), cloudCure(context.general), {
                  about,
                  runbook: 'a-new-token',
                });
          },
        ),
    },
    {
      name: 'snapshots',
      limit: 90_000,
      look: (examination) =>
        ofEach(
          examination,
          ({ backup }) => backup.enabled,
          async (context) => {
            const report = await list(context, 'snapshots');
            const about = context.agent;
            if (report.reason?.code === 'lease-held') {
              return unknown(`Not looked at: ${wordsOf(report, context)}`, about);
            }
            return report.state === 'succeeded'
              ? well(`The snapshots can be listed: ${report.snapshots?.length ?? 0}`, about)
              : wrong(
                  wordsOf(report, context),
                  'Check backup in the configuration and its secrets',
                  {
                    about,
                    runbook: runbookAnchors.backupFailed,
                  },
                );
          },
        ),
    },
    {
      name: 'webhook',
      limit: 60_000,
      look: (examination) =>
        ofEach(
          examination,
          ({ webhook }) => webhook !== undefined,
          async (context) => {
            const { outputs } = context.deployment;
            const about = context.agent;
            const { outcome, message } = (await ask(context, outputs, 'Notify', {
              check: { agent: about },
            })) as WebhookCheck;
            return outcome === 'answers' || outcome === 'none'
              ? well(message, about)
              : wrong(message, webhookCure(context), {
                  about,
                  runbook: runbookAnchors.webhookFailing,
                });
          },
        ),
    },
    { name: 'status', limit: 60_000, look: statusProblems },
  ];
}

function list(context: AgentContext, of: Listed): Promise<JobReport> {
  return askJob(context, 'list', { of });
}

function wordsOf({ reason, state, job }: JobReport, { general }: AgentContext): string {
  return reason ? inOneLine(inCommandWords(reason, job, general)) : `It ended as ${state}`;
}

function webhookCure({ agent, general }: AgentContext): string {
  const names = commandInQuotes(['secrets', 'list'], general);
  return (
    `Set the gateway’s token anew (it is hooks.token of its openclaw.json; ${names} says which secret), ` +
    `check webhook.url of agent "${agent}", and whether the gateway runs and is reachable from the internet`
  );
}

/** Asks about each agent that has what is looked at; what fails for one is told for that one. */
async function ofEach(
  { agents, deployment, shell, general, target, clients }: Examination,
  has: (agent: ReturnType<Examination['agents']>[number]) => boolean,
  look: (context: AgentContext) => Promise<Found>,
): Promise<Found[]> {
  const found = await deployment();
  const context = { shell, target, clients, deployment: found };
  return Promise.all(
    agents()
      .filter(has)
      .map(({ name }) =>
        look(withAgent({ ...context, general: { ...general, agent: name } })).catch(
          (error: unknown) =>
            wrong(
              wordsFor(error, general),
              `See ${commandInQuotes(['logs'], { ...general, agent: name })}`,
              {
                about: name,
              },
            ),
        ),
      ),
  );
}

async function statusProblems(examination: Examination): Promise<Found[]> {
  const { clients } = examination;
  const { asked, sets } = await askedFor(examination);
  const served = sets.filter((set) => set['StatusFunctionName'] !== undefined);
  if (served.length === 0) return [unknown('The deployment has no Status function yet')];
  const answers = await Promise.all(served.map((set) => ask({ clients }, set, 'Status', asked)));
  const statuses = (answers as AgentStatus[][]).flat();
  const found = [
    ...(await leftOut(examination, statuses)),
    ...statuses.flatMap((status) =>
      status.problems.map((problem) => problemFound(status, problem, examination)),
    ),
  ];
  return found.length > 0 ? found : [well('The status names no problem')];
}

/** Of whom the status does not speak nothing is known, which is not well. */
async function leftOut(
  { deployment, general }: Examination,
  statuses: readonly AgentStatus[],
): Promise<Found[]> {
  const deploy = commandInQuotes(['deploy'], general);
  const cure = `Run ${deploy}`;
  const absent = absentIn({ general, deployment: await deployment() }, statuses);
  if (absent.length === 0 && statuses.length === 0)
    return [wrong('The status speaks of no agent', cure)];
  return absent.map((about) =>
    wrong('The status leaves this agent out: nothing is known of it', cure, { about }),
  );
}

/** JSON keeps the words of the status; people read those of the command. */
function problemFound(
  status: AgentStatus,
  problem: StatusProblem,
  { general, shell }: Examination,
): Found {
  const { message, runbook } = problem;
  const said = problemInWords(status, problem, general, shell.clock.now());
  const look = 'Do what the runbook says about it';
  const cure = said.goOn === undefined ? look : `${look}; if it is meant, run "${said.goOn}"`;
  return wrong(general.json ? message : inOneLine(said.message), cure, {
    about: status.agent,
    ...(runbook === undefined ? {} : { runbook }),
  });
}

/** An agent is known to the functions of its own stack alone. */
async function askedFor({
  deployment,
  shell,
  general,
  target,
  clients,
}: Examination): Promise<{ asked: { agent?: string }; sets: Outputs[] }> {
  const found = await deployment();
  if (general.agent === undefined) return { asked: {}, sets: found.sets };
  const { agent, set } = withAgent({ shell, general, target, clients, deployment: found });
  return { asked: { agent }, sets: [set] };
}
