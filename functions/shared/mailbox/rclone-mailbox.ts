import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { folders, stateKeys, type Receipt } from '../contract/index.ts';
import { isMissingFolder, parseListing, type ListedFile } from '../rclone/listing.ts';
import { folderRemote, type Remote } from '../rclone/remote.ts';
import { hashNamed } from '../rclone/hashes.ts';
import { RcloneError, type RcloneResult, type RcloneSession } from '../rclone/session.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { Drop, DropSourceKind } from './delivery.ts';
import { nameKey } from './name-policy.ts';
import type { Carried, Carrier, Inbox, Outbox, Parcel, Quarantining } from './ports.ts';
import { parseReceipt, receiptPath, receiptText } from './receipt.ts';

/** A mailbox folder that is reached through rclone. */
export interface RclonePlace {
  session: RcloneSession;
  remote: Remote;
  /** Path of the `_inbox` or `_outbox` below the remote's root. */
  path: string;
}

/** A listed file as a drop: a version is what a listing can tell of it. */
export function dropOf(file: ListedFile): Drop {
  return {
    path: file.path,
    size: file.size,
    version: `${file.modified}/${file.size}`,
    modified: file.modified,
  };
}

/** Lists the drops of an `_outbox`; none where the folder is missing. */
export async function listOutbox({ session, remote, path }: RclonePlace): Promise<Drop[]> {
  const result = await session.run({ kind: 'list', from: { remote, path } });
  if (isMissingFolder(result)) return [];
  expectDone(result, 'The _outbox cannot be listed');
  return parseListing(result.stdout).files.map(dropOf);
}

/** The `_outbox` of a cloud folder. */
export function rcloneOutbox(place: RclonePlace, kind: DropSourceKind): Outbox {
  const { session, remote, path } = place;
  const quarantinePlace = ({ id }: Quarantining): string => `${folders.quarantine}/${id}`;
  return {
    kind,
    quarantinePlace,
    async quarantine(decision) {
      const result = await session.run({
        kind: 'move-one',
        from: { remote, path: `${path}/${decision.drop.path}` },
        to: { remote, path: quarantinePlace(decision) },
      });
      if (result.outcome !== 'not-found') expectDone(result, 'A drop cannot be put in quarantine');
    },
    async remove(drops) {
      // Looked at again at the last moment: what a person has replaced since stays.
      const now = await versionsOf(place);
      const unchanged = drops.filter((drop) => now.get(drop.path) === drop.version);
      const changed = drops.filter((drop) => now.has(drop.path) && !unchanged.includes(drop));
      const fault = await removeNamed(
        place,
        unchanged.map((drop) => drop.path),
      );
      const left = fault === undefined ? new Map<string, string>() : await versionsOf(place);
      return [
        ...changed.map((drop) => ({ drop })),
        ...unchanged
          .filter(({ path: name, version }) => left.get(name) === version)
          .map((drop) => ({ drop, fault: fault ?? '' })),
      ];
    },
  };
}

async function versionsOf(place: RclonePlace): Promise<Map<string, string>> {
  return new Map((await listOutbox(place)).map((drop) => [drop.path, drop.version]));
}

/** @returns what kept it from removing one of them; others may be gone. */
async function removeNamed(
  { session, remote, path }: RclonePlace,
  paths: string[],
): Promise<string | undefined> {
  const [files, awkward] = byListability(paths);
  const results: RcloneResult[] = [];
  if (files.length > 0) {
    results.push(await session.run({ kind: 'delete-named', from: { remote, path }, files }));
  }
  for (const name of awkward) {
    const from = { remote, path: `${path}/${name}` };
    results.push(await session.run({ kind: 'delete-one', from }));
  }
  const failed = results.find(({ outcome }) => !['done', 'not-found'].includes(outcome));
  return failed && new RcloneError('A delivered drop cannot be removed', failed).message;
}

/** Names with a line break cannot stand in a list of names. */
function byListability(paths: string[]): [listed: string[], awkward: string[]] {
  const awkward = (path: string): boolean => /[\r\n]/.test(path);
  return [paths.filter((path) => !awkward(path)), paths.filter(awkward)];
}

/** The `_inbox` of a workspace that is not in S3. */
export function rcloneInbox(place: RclonePlace, scratchFolder: string): Inbox {
  const { session, remote, path } = place;
  const receiptsFolder = { remote, path: `${path}/${folders.receipts}` };
  return {
    async takenNames() {
      const listing = await list(place);
      return new Set([...listing.files.map((file) => file.path), ...listing.folders].map(nameKey));
    },
    async receipts(ids) {
      const existing = new Set(
        (await list({ ...place, path: receiptsFolder.path })).files.map((file) => file.path),
      );
      const found = new Map<string, Receipt>();
      for (const id of ids.filter((candidate) => existing.has(`${candidate}.json`))) {
        const from = { remote, path: `${path}/${receiptPath(id)}` };
        const result = await session.run({ kind: 'read-one', from });
        const receipt = result.outcome === 'done' ? parseReceipt(result.stdout) : undefined;
        if (receipt) found.set(id, receipt);
      }
      return found;
    },
    async writeReceipts(receipts) {
      if (receipts.length === 0) return;
      const scratch = folderRemote('scratch', scratchFolder);
      for (const receipt of receipts) {
        const file = join(scratchFolder, receiptPath(receipt.id));
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, receiptText(receipt));
      }
      const result = await session.run({
        kind: 'copy-named',
        from: { remote: scratch, path: folders.receipts },
        to: receiptsFolder,
        files: receipts.map(({ id }) => `${id}.json`),
        compare: 'always',
      });
      expectDone(result, 'Receipts cannot be written');
    },
  };
}

async function list({
  session,
  remote,
  path,
}: RclonePlace): Promise<ReturnType<typeof parseListing>> {
  const result = await session.run({ kind: 'list', from: { remote, path } });
  if (isMissingFolder(result)) return { files: [], folders: [] };
  expectDone(result, 'The _inbox cannot be listed');
  return parseListing(result.stdout);
}

/** Drops that the journal remembers: many times what is carried before receipts are written. */
const maxNoted = 2_000;

/** What a run that is killed leaves for the next: which name each drop was to have. */
const journalSchema = z.record(z.string(), z.string());

export interface RcloneCarrierOptions {
  from: RclonePlace;
  to: RclonePlace;
  store: ObjectStore;
  agent: string;
  fence: number;
  /** SHA-256 of drops, where `from` is not where they lie before they are carried. */
  hashesOf?: (drops: Drop[]) => Promise<ReadonlyMap<Drop, string>>;
}

/**
 * Carries drops with rclone: all that keep their name in one command, the others one by one. Which
 * of them arrived is taken from rclone's own account.
 *
 * rclone cannot write on condition. The names are written down first, so that a run that follows a
 * killed one knows a file of its own from a stranger's.
 */
export function rcloneCarrier(options: RcloneCarrierOptions): Carrier {
  const { store, agent, fence, from, to } = options;
  const key = stateKeys.drainJournal(agent);
  const hashesOf = options.hashesOf ?? ((drops: Drop[]) => listedHashes(from, drops));
  return {
    async foundInInbox(decisions) {
      const journal = (await readFenced(store, key, journalSchema)) ?? {};
      const noted = decisions.flatMap((decision) => {
        const name = journal[decision.id];
        return name === undefined ? [] : [{ decision, name }];
      });
      if (noted.length === 0) return [];
      const sizes = new Map((await list(to)).files.map((file) => [file.path, file.size]));
      const alike = noted.filter(({ decision, name }) => sizes.get(name) === decision.drop.size);
      // The name was free when it was written down, and may have been taken by somebody else since.
      const names = alike.map(({ name }) => name);
      const there = await hashNamed(to.session, to, names);
      const here = await hashesOf(alike.map(({ decision }) => decision.drop));
      return alike.flatMap((parcel) => {
        const sha256 = there.get(parcel.name);
        const isOwn = sha256 !== undefined && sha256 === here.get(parcel.decision.drop);
        return isOwn ? [{ state: 'carried' as const, parcel, sha256 }] : [];
      });
    },
    async carry(parcels) {
      if (parcels.length === 0) return [];
      const names = parcels.map(({ decision, name }) => [decision.id, name] as const);
      const before = Object.entries((await readFenced(store, key, journalSchema)) ?? {});
      // What a killed run has noted stays until it can no longer matter: the newest are kept.
      const noted = new Map([...before, ...names].slice(-maxNoted));
      await writeFenced(store, key, fence, Object.fromEntries(noted));
      return verify(to, parcels, new Set(await copyParcels(options, parcels)));
    },
  };
}

/** What cannot stand in a list of names is not read: it is carried again, and nothing is lost. */
async function listedHashes(from: RclonePlace, drops: Drop[]): Promise<Map<Drop, string>> {
  const [listed] = byListability(drops.map(({ path }) => path));
  const hashes = await hashNamed(from.session, from, listed);
  return new Map(
    drops.flatMap((drop) => {
      const sha256 = hashes.get(drop.path);
      return sha256 === undefined ? [] : [[drop, sha256] as const];
    }),
  );
}

async function copyParcels(options: RcloneCarrierOptions, parcels: Parcel[]): Promise<Parcel[]> {
  const sameName = parcels.filter(
    ({ decision, name }) => decision.drop.path === name && !/[\r\n]/.test(name),
  );
  const arrived: Parcel[] = [];
  if (sameName.length > 0) {
    const result = await options.from.session.run({
      kind: 'copy-named',
      from: options.from,
      to: options.to,
      files: sameName.map(({ name }) => name),
      compare: 'keep',
    });
    const copied = new Set(result.account.copied.map(({ path }) => path));
    arrived.push(...sameName.filter(({ name }) => copied.has(name)));
  }
  for (const parcel of parcels.filter((candidate) => !sameName.includes(candidate))) {
    const result = await options.from.session.run({
      kind: 'copy-one',
      from: { ...options.from, path: joined(options.from.path, parcel.decision.drop.path) },
      to: { ...options.to, path: `${options.to.path}/${parcel.name}` },
    });
    if (result.outcome === 'done' && result.account.copied.length > 0) arrived.push(parcel);
  }
  return arrived;
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Reads back what has arrived, from where it lies now, and says how each parcel ended. */
async function verify(
  to: RclonePlace,
  parcels: Parcel[],
  arrivals: ReadonlySet<Parcel>,
): Promise<Carried[]> {
  const arrived = parcels.filter((parcel) => arrivals.has(parcel));
  const sizes = new Map((await list(to)).files.map((file) => [file.path, file.size]));
  const hashes = await hashNamed(
    to.session,
    to,
    arrived.map(({ name }) => name),
  );
  return parcels.map((parcel): Carried => {
    const size = sizes.get(parcel.name);
    if (!arrivals.has(parcel)) {
      return size === undefined
        ? { state: 'failed', parcel, reason: 'rclone did not carry it; see the log of this run' }
        : { state: 'taken', parcel };
    }
    if (size !== parcel.decision.drop.size) {
      const reason = `${size ?? 'no'} bytes arrived of ${parcel.decision.drop.size}`;
      return { state: 'failed', parcel, reason };
    }
    return { state: 'carried', parcel, sha256: hashes.get(parcel.name) };
  });
}

function expectDone(result: RcloneResult, what: string): void {
  if (result.outcome !== 'done') throw new RcloneError(what, result);
}
