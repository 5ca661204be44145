import type { RcloneLine } from '../rclone/account.ts';
import { isAscii } from '../rclone/filter.ts';
import { type ListedFile } from '../rclone/listing.ts';
import type { Remote } from '../rclone/remote.ts';
import {
  RcloneError,
  type RcloneResult,
  type RcloneSession,
  type RunCare,
} from '../rclone/session.ts';
import {
  explainErrors,
  longestWaitSeconds,
  worstTrouble,
  type Trouble,
  type TroubleCode,
} from '../rclone/trouble.ts';
import type { OneWayPlan } from './plan.ts';

/** Where a run goes from and to. */
export interface OneWayPlaces {
  session: RcloneSession;
  source: Remote;
  destination: Remote;
  /** Folder of the destination for what is deleted or overwritten; `undefined` deletes for good. */
  trash: string | undefined;
  /** Excludes of both sides, the reserved folders among them. */
  exclude: string[];
  /** Sees rclone's log while files are copied. */
  watch?: (line: RcloneLine) => void;
}

/** What was done, by rclone's own account. */
export interface OneWayOutcome {
  /** Paths and sizes that rclone says it has copied. */
  sent: Map<string, number>;
  deleted: string[];
  errors: { path?: string; message: string }[];
  retries: number;
  /** Whether the leg's time was up before everything was done. */
  timeUp: boolean;
  /** Seconds that the provider wants to be left alone for; the leg ends with that. */
  waitSeconds?: number;
  /** What stands in the way of the whole run, rather than of single files. */
  trouble?: Trouble | undefined;
}

/**
 * From this many missing files on, both sides are listed by rclone and the missing ones copied: a
 * list of names would cost one question for each name.
 */
const bulk = 500;

/** Carries a plan out: first what is new, then what has changed, deletes last and only then. */
export async function applyOneWay(plan: OneWayPlan, places: OneWayPlaces): Promise<OneWayOutcome> {
  const outcome: OneWayOutcome = {
    sent: new Map(),
    deleted: [],
    errors: [],
    retries: 0,
    timeUp: false,
  };
  for (const step of copySteps(plan, places)) {
    if (outcome.timeUp) return outcome;
    note(outcome, await step());
  }
  // As rclone does it: with a failed copy nothing is deleted, for what failed may be a rename.
  if (outcome.timeUp || outcome.errors.length > 0) return outcome;
  await applyDeletes(plan.delete, places, outcome);
  return outcome;
}

function copySteps(plan: OneWayPlan, places: OneWayPlaces): (() => Promise<RcloneResult>)[] {
  const named = (files: ListedFile[], compare: 'always' | 'checksum') => () =>
    places.session.run(
      {
        kind: 'copy-named',
        from: { remote: places.source, path: '' },
        to: { remote: places.destination, path: '' },
        files: files.map(({ path }) => path),
        compare,
        ...(places.trash === undefined
          ? {}
          : { trash: { remote: places.destination, path: places.trash } }),
      },
      careOf(places),
    );
  const steps: [ListedFile[], () => Promise<RcloneResult>][] = [
    [plan.copy, inBulk(plan, places) ? () => copyMissing(places) : named(plan.copy, 'always')],
    [plan.compare, named(plan.compare, 'checksum')],
    [plan.resend, named(plan.resend, 'always')],
    [plan.update, named(plan.update, 'always')],
  ];
  return steps.filter(([files]) => files.length > 0).map(([, step]) => step);
}

/**
 * By listings a file that the plan has left out would be copied too, and one that is excluded in another
 * form of Unicode only: then it is done by names.
 */
function inBulk({ copy, skipped }: OneWayPlan, { exclude }: OneWayPlaces): boolean {
  return copy.length >= bulk && skipped.length === 0 && exclude.every(isAscii);
}

function copyMissing(places: OneWayPlaces): Promise<RcloneResult> {
  const { session, source, destination, exclude } = places;
  return session.run(
    {
      kind: 'copy-missing',
      from: { remote: source, path: '' },
      to: { remote: destination, path: '' },
      exclude,
    },
    careOf(places),
  );
}

function careOf({ watch }: OneWayPlaces): RunCare {
  return watch ? { watch } : {};
}

function note(outcome: OneWayOutcome, result: RcloneResult): void {
  outcome.retries += result.account.retries;
  for (const { path, size } of result.account.copied) outcome.sent.set(path, size);
  switch (result.outcome) {
    case 'done':
      return;
    case 'rate-limited':
      outcome.waitSeconds = result.retryAfterSeconds ?? longestWaitSeconds;
      outcome.timeUp = true;
      return;
    case 'time-up':
      outcome.timeUp = true;
      return;
    case 'not-found':
    case 'retryable':
    case 'fatal':
      outcome.errors.push(...explain(result));
      outcome.trouble ??= generalTrouble(result);
  }
}

/** Troubles of the whole provider: what a person has to know first. */
const general: readonly TroubleCode[] = ['reconnect', 'quota-full', 'permission', 'network'];

/** The trouble by which such a command failed, for who reports it. */
export function generalTrouble({ account }: RcloneResult): Trouble | undefined {
  const trouble = worstTrouble(account);
  return trouble && general.includes(trouble.code) ? trouble : undefined;
}

function explain(result: RcloneResult): { path?: string; message: string }[] {
  const perFile = explainErrors(result.account).filter(({ path }) => path !== undefined);
  if (perFile.length === 0) return [{ message: new RcloneError('rclone', result).message }];
  return perFile.map(({ path, sentence }) => ({ path: path ?? '', message: sentence }));
}

async function applyDeletes(
  files: ListedFile[],
  places: OneWayPlaces,
  outcome: OneWayOutcome,
): Promise<void> {
  if (files.length === 0) return;
  const paths = files.map(({ path }) => path);
  const result = await deleteListed(paths, places);
  note(outcome, result);
  const gone = new Set([
    ...result.account.deleted,
    ...result.account.moved,
    ...result.account.copied.map(({ path }) => path),
  ]);
  for (const { path } of result.account.copied) outcome.sent.delete(path);
  outcome.deleted.push(
    ...(result.outcome === 'done' ? paths : paths.filter((path) => gone.has(path))),
  );
}

function deleteListed(
  files: string[],
  { session, destination, trash }: OneWayPlaces,
): Promise<RcloneResult> {
  const from = { remote: destination, path: '' };
  return trash === undefined
    ? session.run({ kind: 'delete-named', from, files })
    : session.run({ kind: 'move-named', from, to: { remote: destination, path: trash }, files });
}
