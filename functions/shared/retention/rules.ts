import { ZonedCalendar, type Periods } from './calendar.ts';
import { countedRules, slotsOf, spanWithin, type Policy } from './policy.ts';

/** What one rule says of one snapshot; the reason is a fragment of a sentence. */
export interface Verdict {
  keep: boolean;
  reason: string;
}

/** A snapshot as the rules see it. */
interface Moment {
  time: number;
  periods: Periods;
}

/** Asked for every snapshot in turn, from the newest to the oldest. */
type Rule = (snapshot: Moment) => Verdict;

/**
 * What each rule of a policy says of each snapshot, in the order of the snapshots, which are given
 * from the newest to the oldest. The rules are those of `restic forget` 0.14.0:
 *
 * - The newest snapshot of a period fills a slot of the rule for such periods, until there are none
 *   left; periods without a snapshot take no slot. A snapshot can fill slots of several rules.
 * - The oldest snapshot gets no slot merely for being the oldest; later versions of restic give it
 *   one while there are slots left.
 * - An hour that the clock shows twice when summer time ends is one hour, with one slot.
 * - Two snapshots of the same second are two for `last`, and for a period the first given wins;
 *   restic leaves their order to chance.
 * - `within` is counted back from the newest snapshot, and one exactly as old is out of it.
 * @throws RangeError for a time zone that does not exist.
 * @throws RetentionPolicyError for a policy with a value that means nothing.
 */
export function applyRules(
  times: readonly number[],
  policy: Policy,
  timeZone: string,
): Verdict[][] {
  const calendar = new ZonedCalendar(timeZone);
  const rules = [...rulesByCount(policy), ...ruleWithin(policy, calendar, times[0] ?? 0)];
  return times.map((time) => {
    const moment = { time, periods: calendar.periods(time) };
    return rules.map((rule) => rule(moment));
  });
}

function rulesByCount(policy: Policy): Rule[] {
  return countedRules
    .map((rule) => ({ rule, slots: slotsOf(policy, rule) }))
    .filter(({ slots }) => slots > 0)
    .map(({ rule, slots }) => (rule === 'last' ? lastRule(slots) : periodRule(rule, slots)));
}

function lastRule(slots: number): Rule {
  let taken = 0;
  return () => {
    if (taken === slots) return { keep: false, reason: `last: ${slots} are newer` };
    taken += 1;
    return { keep: true, reason: `last: ${taken} of ${slots}` };
  };
}

function periodRule(rule: keyof Periods, slots: number): Rule {
  let taken = 0;
  let current: string | undefined;
  return ({ periods }) => {
    const period = periods[rule];
    if (period === current) return { keep: false, reason: `${rule}: a newer one of ${period}` };
    if (taken === slots) return { keep: false, reason: `${rule}: ${slots} newer periods` };
    taken += 1;
    current = period;
    return { keep: true, reason: `${rule}: newest of ${period}` };
  };
}

function ruleWithin(policy: Policy, calendar: ZonedCalendar, newest: number): Rule[] {
  const span = spanWithin(policy);
  if (!span) return [];
  const start = calendar.before(newest, span);
  const name = `within ${policy.within ?? ''}`;
  return [
    ({ time }) =>
      time > start
        ? { keep: true, reason: `${name}: of the newest` }
        : { keep: false, reason: `${name}: older than that` },
  ];
}
