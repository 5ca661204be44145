import type { AgentStatus, StatusProblem } from '../../functions/shared/contract/index.ts';
import { commandInQuotes, commandLine, type Chosen } from '../command-line.ts';
import { timesInWords } from '../output/words.ts';
import { goOnCommand } from '../report/go-on.ts';
import { inCommandWords } from '../report/keys.ts';

/** What deserves a look, as a person reads it. */
export interface ToldProblem {
  message: string;
  /** The command that lets a blocked run go on, where one does. */
  goOn?: string;
}

type Known = Pick<AgentStatus, 'agent' | 'jobs'>;

/**
 * A problem of the status in the words of the command: options where a guard speaks of the keys of a
 * request, commands with what they have to repeat, and times as they stand everywhere else.
 */
export function problemInWords(
  status: Known,
  problem: StatusProblem,
  chosen: Chosen,
  now: number,
): ToldProblem {
  const general = { ...chosen, agent: status.agent };
  const run = lastRunOf(status, problem);
  if (!run) return { message: ownWords(problem, general, now) };
  const { job, state, reason } = run;
  const message = beginning(problem, reason) + inCommandWords(reason, job, general);
  // Of the others the status does not know what was asked for, which would have to be said again.
  const isWhole = job === 'sync' || job === 'prune';
  const report = { job, state, reason, warnings: [] };
  const goOn = isWhole ? goOnCommand(report, {}, general) : undefined;
  return { message, ...(goOn === undefined ? {} : { goOn }) };
}

/** The run whose reason a problem repeats at its end. */
function lastRunOf({ jobs }: Known, { code, message }: StatusProblem) {
  const found = jobs.flatMap(({ job, last }) => {
    const { reason, state } = last ?? {};
    const isOf = reason?.code === code && message.startsWith(`The last ${job} `);
    return isOf && state && message.endsWith(reason.message) ? [{ job, state, reason }] : [];
  });
  return found[0];
}

function beginning({ message }: StatusProblem, reason: { message: string }): string {
  return message.slice(0, message.length - reason.message.length);
}

/** Of these codes all words are the status' own: no file's name and no provider stands in them. */
const ownCodes = new Set(['overdue', 'run-died']);

function ownWords({ code, message }: StatusProblem, general: Chosen, now: number): string {
  if (ownCodes.has(code)) return timesInWords(message, now);
  if (code !== 'webhook-failing') return message;
  return message.replace(
    /"[^"]+ doctor" says why\.$/,
    `${commandInQuotes(['doctor'], general)} says why.`,
  );
}

/** What would be lost now; where there is no copy at all, with the command that makes one. */
export function recoveryInWords(
  { agent, recoveryPoint: { at, text } }: Pick<AgentStatus, 'agent' | 'recoveryPoint'>,
  chosen: Chosen,
  now: number,
): string {
  const said = timesInWords(text, now);
  if (at !== undefined) return said;
  return said.replace(/: \S+ (backup now|sync) --agent \S+\.$/, (_, words: string) => {
    return `: ${commandLine(words.split(' '), { ...chosen, agent })}`;
  });
}
