import { runbookAnchors } from '../../functions/shared/contract/index.ts';
import type { Finding } from './finding.ts';

/** A finding that says what is wrong, and the others that only follow from it. */
export interface Cause {
  finding: Finding;
  followers: Finding[];
}

/**
 * Puts together what several checks have seen of one cause, in the order in which it was found. Two
 * findings that cannot be told to be one stay two. Pure.
 */
export function byCause(findings: readonly Finding[]): Cause[] {
  const causes: Cause[] = [];
  for (const finding of findings.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const cause = causes.find((each) =>
      [each.finding, ...each.followers].some((known) => follows(finding, known)),
    );
    if (cause) cause.followers.push(finding);
    else causes.push({ finding, followers: [] });
  }
  const place = (cause: Cause): number => findings.indexOf(cause.finding);
  return causes.sort((a, b) => place(a) - place(b));
}

/** What is silent has mostly failed before, and an alarm rings because of something. */
function rankOf({ check, runbook }: Finding): number {
  if (check === 'alarms') return 2;
  return runbook !== undefined && causesOf.has(runbook) ? 1 : 0;
}

function follows(finding: Finding, cause: Finding): boolean {
  if (finding.state !== 'wrong' || cause.state !== 'wrong') return false;
  const isAlarm = finding.check === 'alarms';
  if (finding.about !== cause.about && !isAlarm && !isOfAll(cause)) return false;
  return saysTheSame(finding, cause) || isAnnouncedBy(finding, cause) || isResultOf(finding, cause);
}

/** Queues are those of a deployment, and the status of each agent speaks of them. */
function isOfAll({ check, about }: Finding): boolean {
  return check === 'dead-letters' && about === undefined;
}

/** Least length of words that nobody says by chance. */
const telling = 20;

/** By the words after what was tried: `The cloud folder cannot be listed: …`, `The last sync failed: …`. */
function saysTheSame({ message, about }: Finding, cause: Finding): boolean {
  if (about !== cause.about) return false;
  if (message === cause.message) return true;
  const why = cause.message.slice(cause.message.indexOf(': ') + 2);
  return why.length >= telling && why !== cause.message && message.includes(why);
}

/** The status and the alarms look at the same as a check of its own. */
function isAnnouncedBy({ check, runbook }: Finding, cause: Finding): boolean {
  if (runbook === undefined || runbook !== cause.runbook) return false;
  return (
    check === 'alarms' || (check === 'status' && ['dead-letters', 'webhook'].includes(cause.check))
  );
}

const { syncFailed, syncBlocked, syncSilent, backupFailed, backupSilent, verifyFailed } =
  runbookAnchors;

/** By heading of the runbook: what has failed has not succeeded for long, either. */
const causesOf: ReadonlyMap<string, readonly string[]> = new Map([
  [syncSilent, [syncFailed, syncBlocked]],
  [backupSilent, [backupFailed]],
  [runbookAnchors.verifiedTooOld, [verifyFailed]],
]);

function isResultOf({ runbook = '', check }: Finding, cause: Finding): boolean {
  const isKnown = causesOf.get(runbook)?.includes(cause.runbook ?? '') === true;
  return isKnown && (check === 'status' || check === 'alarms');
}
