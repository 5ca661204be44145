import type { Assumptions, CostLine } from '../../functions/shared/cost/index.ts';
import { dollarText } from '../../functions/shared/cost/index.ts';
import type { Paused } from '../../functions/shared/contract/index.ts';
import { table } from '../output/table.ts';
import { bytesInWords, counted, stampInWords } from '../output/words.ts';

/** What `cost` answers. Dollars are US dollars. */
export interface Account {
  /**
   * `month`: everything so far this month. `runs`: only what runs have used, where it is about one
   * agent, or where no configuration file says what else there is. `estimate`: a month to come.
   */
  kind: 'month' | 'runs' | 'estimate';
  deployment: string;
  agents: string[];
  lines: CostLine[];
  dollars: number;
  /** The whole month, at the pace so far. */
  projected?: number;
  /** `2026-11`. */
  month?: string;
  /** Share of the month that has passed. */
  elapsed?: number;
  asOf?: string;
  assumptions?: Assumptions;
  /** Turns of agents that notifications have caused, or will. */
  turns: number;
  cap?: number;
  paused?: Paused;
  /** Records that could not be read: what they have counted is not in the sum. */
  leftOut?: string[];
  /** What is not in the sum, in sentences. */
  notCounted: string[];
}

/** The account for people: the sum last, where the eye ends. */
export function accountText(account: Account): string {
  return [
    heading(account),
    table(['', 'amount', 'unit', 'dollars'], account.lines.filter(isFelt(account)).map(row)),
    sums(account),
    `Not in it:\n${account.notCounted.map((sentence) => `  ${sentence}`).join('\n')}`,
  ].join('\n\n');
}

function heading({ kind, deployment, agents, month, elapsed = 0, assumptions }: Account): string {
  const whose = `deployment ${deployment}, ${counted(agents.length, 'agent')}`;
  if (kind === 'estimate' && assumptions) {
    const { files, bytes, changedPerDay, dropsPerDay } = assumptions;
    return (
      `A month of ${whose}. For each agent: ${numberInWords(files)} files of ${bytesInWords(bytes)} in all, ` +
      `${Number((changedPerDay * 100).toFixed(2))} % of them changed a day, ${dropsPerDay} drops a day.`
    );
  }
  const what = kind === 'runs' ? 'what its runs have used' : 'everything';
  return `${month ?? ''} so far (${Math.round(elapsed * 100)} % of the month), ${whose}: ${what}.`;
}

/** A line of less than a thousandth of the sum is only a line to read. */
function isFelt({ dollars: sum }: Account): (line: CostLine) => boolean {
  return ({ dollars }) => dollars > 0 && dollars >= sum / 1000;
}

function row({ thing, amount, unit, dollars }: CostLine): string[] {
  const digits = amount >= 100 ? 0 : amount >= 1 ? 1 : 4;
  return [thing, numberInWords(amount, digits), unit, dollarText(dollars)];
}

/** `1,018,339`, `0.0021`. */
function numberInWords(value: number, digits = 0): string {
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function sums({ dollars, projected, turns, cap, paused, kind }: Account): string {
  const lines = [`Together ${dollarText(dollars)}.`];
  if (kind === 'month') {
    lines.push(
      'What costs without any run, such as keys and alarms, counts from the first of the month, also ' +
        'where the deployment is younger.',
    );
  }
  if (projected !== undefined)
    lines.push(`At this pace the whole month: ${dollarText(projected)}.`);
  const will = kind === 'estimate' ? 'Notifications will cause' : 'Notifications have caused';
  lines.push(`${will} ${counted(Math.round(turns), 'agent turn')}.`);
  if (cap !== undefined) {
    const state = paused
      ? `, reached: everything but backups is paused since ${stampInWords(paused.since)}`
      : '';
    lines.push(`The cap of a month is ${dollarText(cap)} for what runs use${state}.`);
  }
  return lines.join('\n');
}
