import { messageOf } from '../errors.ts';
import type { Receipt } from '../contract/index.ts';
import type { Drop, DropDecision, DropSourceKind } from './delivery.ts';

export type Quarantining = Extract<DropDecision, { action: 'quarantine' }>;
export type Delivering = Extract<DropDecision, { action: 'deliver' }>;

/** A drop that was not removed: it had changed meanwhile or, with a fault, it could not be. */
export interface Kept {
  drop: Drop;
  fault?: string;
}

/** The human's side of the mailbox: where drops lie until they have been delivered. */
export interface Outbox {
  readonly kind: DropSourceKind;
  /** Where a drop that may not be delivered is put: the same place in every run. */
  quarantinePlace(decision: Quarantining): string;
  /**
   * Puts a drop there, and with what came by a link its receipt, which lies nowhere else. Doing it
   * again changes nothing.
   */
  quarantine(decision: Quarantining, receipt: Receipt): Promise<void>;
  /**
   * Removes drops that are still the version that was delivered.
   * @returns those that are still there.
   */
  remove(drops: Drop[]): Promise<Kept[]>;
}

/** The agent's side of the mailbox. */
export interface Inbox {
  /** Keys (see `nameKey`) of the names that are taken in the folders of these names. */
  takenNames(wanted: string[]): Promise<Set<string>>;
  /** The receipts that exist among these ids. */
  receipts(ids: string[]): Promise<Map<string, Receipt>>;
  writeReceipts(receipts: Receipt[]): Promise<void>;
}

/** Decides about drops that come from people without access of their own, as by a link. */
export interface Admission {
  /**
   * What is to become of a drop; `undefined` for one that is no business of ours. Asked again, by
   * the same run or a later one, it decides the same as long as the drop is there; where it may not
   * come any more, it says `tooLate` of one that was to be delivered.
   */
  decide(drop: Drop, id: string): Promise<DropDecision | undefined>;
  /** Tells them what became of their files. Telling it again changes nothing. */
  report(receipts: Receipt[]): Promise<void>;
}

/** A drop with the name that it is to have in the inbox. */
export interface Parcel {
  decision: Delivering;
  name: string;
}

/**
 * How carrying one parcel ended.
 * - `carried`: it lies in the inbox, whole and verified.
 * - `taken`: the name was taken by something else meanwhile; nothing was overwritten.
 * - `gone`: the drop is no longer there, or no longer this version.
 * - `failed`: see `reason`; it is tried again by a later run.
 */
export type Carried =
  | { state: 'carried'; parcel: Parcel; sha256: string | undefined }
  | { state: 'taken' | 'gone'; parcel: Parcel }
  | { state: 'failed'; parcel: Parcel; reason: string };

/** A parcel that a fault has kept; it is tried again by a later run. */
export function failed(parcel: Parcel, error: unknown): Carried {
  const reason = messageOf(error);
  return { state: 'failed', parcel, reason };
}

/** Copies parcels from the outbox into the inbox; never overwrites, never leaves half a file. */
export interface Carrier {
  /**
   * The drops among these that an earlier run has copied without living to record it, as they lie
   * in the inbox now. `taken` is what `takenNames` said.
   */
  foundInInbox(
    decisions: Delivering[],
    taken: ReadonlySet<string>,
  ): Promise<Extract<Carried, { state: 'carried' }>[]>;
  carry(parcels: Parcel[]): Promise<Carried[]>;
}
