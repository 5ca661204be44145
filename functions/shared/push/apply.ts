import { folders } from '../contract/index.ts';
import { byListability } from '../mailbox/rclone-mailbox.ts';
import { type ListedFile } from '../rclone/listing.ts';
import type { Remote } from '../rclone/remote.ts';
import { RcloneError, type RcloneResult, type RcloneSession } from '../rclone/session.ts';
import type { PushPlan } from './plan.ts';

/** Where a push goes from and to. */
export interface PushPlaces {
  session: RcloneSession;
  workspace: Remote;
  cloud: Remote;
  /** Folder of the cloud folder for what is deleted or overwritten; `undefined` deletes for good. */
  trash: string | undefined;
  /** Excludes of both sides, the reserved folders among them. */
  exclude: string[];
}

/** What was done, by rclone's own account. */
export interface PushOutcome {
  /** Paths and sizes that rclone says it has copied. */
  sent: Map<string, number>;
  deleted: string[];
  errors: { path?: string; message: string }[];
  retries: number;
  /** Whether the leg's time was up before everything was done. */
  timeUp: boolean;
}

/**
 * From this many missing files on, both sides are listed by rclone and the missing ones copied: a
 * list of names would cost one question for each name.
 */
const bulk = 500;

/** Carries a plan out: first what is new, then what has changed, deletes last and only then. */
export async function applyPush(plan: PushPlan, places: PushPlaces): Promise<PushOutcome> {
  const outcome: PushOutcome = {
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

function copySteps(plan: PushPlan, places: PushPlaces): (() => Promise<RcloneResult>)[] {
  const named = (files: ListedFile[], compare: 'always' | 'checksum') => () =>
    places.session.run({
      kind: 'copy-named',
      from: { remote: places.workspace, path: '' },
      to: { remote: places.cloud, path: '' },
      files: files.map(({ path }) => path),
      compare,
      ...(places.trash === undefined
        ? {}
        : { trash: { remote: places.cloud, path: places.trash } }),
    });
  const comparable = (file: ListedFile): boolean =>
    places.workspace.keepsMd5 && places.cloud.keepsMd5 && !(file.hash ?? '-').includes('-');
  const steps: [ListedFile[], () => Promise<RcloneResult>][] = [
    [plan.copy, inBulk(plan) ? () => copyMissing(places) : named(plan.copy, 'always')],
    [plan.compare.filter(comparable), named(plan.compare.filter(comparable), 'checksum')],
    [
      plan.compare.filter((file) => !comparable(file)),
      named(
        plan.compare.filter((file) => !comparable(file)),
        'always',
      ),
    ],
    [plan.update, named(plan.update, 'always')],
  ];
  return steps.filter(([files]) => files.length > 0).map(([, step]) => step);
}

/** By listings a file that the plan has left out would be copied too: then it is done by names. */
function inBulk({ copy, skipped }: PushPlan): boolean {
  return copy.length >= bulk && skipped.length === 0;
}

function copyMissing({ session, workspace, cloud, exclude }: PushPlaces): Promise<RcloneResult> {
  return session.run({
    kind: 'copy-missing',
    from: { remote: workspace, path: '' },
    to: { remote: cloud, path: '' },
    exclude,
  });
}

function note(outcome: PushOutcome, result: RcloneResult): void {
  outcome.retries += result.account.retries;
  for (const { path, size } of result.account.copied) outcome.sent.set(path, size);
  if (result.outcome === 'time-up') {
    outcome.timeUp = true;
  } else if (result.outcome !== 'done') {
    outcome.errors.push(...explain(result));
  }
}

function explain(result: RcloneResult): { path?: string; message: string }[] {
  const perFile = result.account.errors.filter(({ path }) => path !== undefined);
  if (perFile.length > 0) return perFile;
  return [{ message: new RcloneError('rclone', result).message }];
}

async function applyDeletes(
  files: ListedFile[],
  places: PushPlaces,
  outcome: PushOutcome,
): Promise<void> {
  if (files.length === 0) return;
  const [listed, awkward] = byListability(files.map(({ path }) => path));
  const results = [
    ...(listed.length > 0 ? [{ paths: listed, result: await deleteListed(listed, places) }] : []),
  ];
  for (const path of awkward)
    results.push({ paths: [path], result: await deleteOne(path, places) });
  for (const { paths, result } of results) {
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
}

function deleteListed(
  files: string[],
  { session, cloud, trash }: PushPlaces,
): Promise<RcloneResult> {
  const from = { remote: cloud, path: '' };
  return trash === undefined
    ? session.run({ kind: 'delete-named', from, files })
    : session.run({ kind: 'move-named', from, to: { remote: cloud, path: trash }, files });
}

function deleteOne(path: string, { session, cloud, trash }: PushPlaces): Promise<RcloneResult> {
  const from = { remote: cloud, path };
  return trash === undefined
    ? session.run({ kind: 'delete-one', from })
    : session.run({ kind: 'move-one', from, to: { remote: cloud, path: `${trash}/${path}` } });
}

/** The folders at the root, on either side, that no push lists, uploads to or deletes in. */
export const reservedFolders: readonly string[] = [
  folders.inbox,
  folders.outbox,
  folders.trash,
  folders.quarantine,
  folders.restored,
];

/**
 * The reserved folders as excludes. A file of such a name is left out, too: uploading it would put it
 * in the place of the folder.
 */
export const reservedExcludes = reservedFolders.flatMap((folder) => [
  `/${folder}`,
  `/${folder}/**`,
]);
