import { createHash } from 'node:crypto';
import { isoTime, type Clock } from '../clock.ts';
import type { Delivery, Receipt } from '../contract/index.ts';
import type { LinkPlace } from '../drop-link/place.ts';
import { isControlFile, isTransient, safeName } from './name-policy.ts';

/** A file that lies in an `_outbox`, in one version. */
export interface Drop {
  /** Path below `_outbox`, as the person gave it. */
  path: string;
  size: number;
  /** Tells this version from any other of the same name. */
  version: string;
  /** ISO 8601, where the source knows. */
  modified?: string;
  /**
   * Tells a drop from an earlier one that a listing cannot tell it from: the same name, size and
   * time, put there again after the first was delivered.
   */
  generation?: string;
  /** An earlier run has told of it and could not remove it. */
  announced?: boolean;
}

/** The link that a drop came by, and the name that whoever has the link gave it. */
export type CameByLink = LinkPlace & { name: string };

/** What is to become of a drop. */
export type DropDecision =
  | {
      action: 'deliver';
      drop: Drop;
      id: string;
      wanted: string;
      renamed?: string;
      link?: CameByLink;
      /**
       * Set where it may not be delivered any more: why it is put aside, unless an earlier run has
       * copied it already without living to record it.
       */
      tooLate?: string;
    }
  | { action: 'quarantine'; drop: Drop; id: string; reason: string; link?: CameByLink }
  | { action: 'leave'; drop: Drop; reason: string };

/** Where drops come from: part of their receipts' ids. */
export type DropSourceKind = Receipt['source']['kind'];

/** Decides about one drop by its name and size alone. */
export function decide(
  drop: Drop,
  agent: string,
  kind: DropSourceKind,
  limits: { maxDropBytes: number },
): DropDecision {
  if (isTransient(drop.path)) return { action: 'leave', drop, reason: 'is temporary by its name' };
  const id = receiptId(agent, kind, drop);
  if (drop.size > limits.maxDropBytes) {
    const reason = `has ${drop.size} bytes; sync.maxDropBytes allows ${limits.maxDropBytes}`;
    return { action: 'quarantine', drop, id, reason };
  }
  const { path: wanted, renamed } = safeName(drop.path);
  return { action: 'deliver', drop, id, wanted, ...(renamed === undefined ? {} : { renamed }) };
}

/**
 * The same drop has the same id in every run, so that delivering it again finds its receipt. It
 * begins with nothing that a person wrote: it becomes a file name.
 */
export function receiptId(agent: string, kind: DropSourceKind, drop: Drop): string {
  const { path, version, size, generation = '' } = drop;
  const identity = JSON.stringify([agent, kind, path, version, size, generation]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

export interface ReceiptFacts {
  agent: string;
  kind: DropSourceKind;
  runId: string;
  clock: Clock;
}

/** The receipt of a drop that lies in the inbox under `name`. */
export function deliveredReceipt(
  facts: ReceiptFacts,
  decision: Extract<DropDecision, { action: 'deliver' }>,
  name: string,
  sha256: string | undefined,
): Receipt {
  const renamed = decision.renamed ?? (name === decision.wanted ? undefined : 'the name was taken');
  return {
    ...receiptBase(facts, decision),
    state: 'delivered',
    name,
    ...(sha256 === undefined ? {} : { sha256 }),
    flags: [
      ...(isControlFile(decision.drop.path) || isControlFile(name)
        ? (['control-file'] as const)
        : []),
      ...(renamed === undefined ? [] : (['renamed'] as const)),
    ],
    ...(renamed === undefined ? {} : { reason: renamed }),
  };
}

/** The receipt of a drop that was put aside; `name` is its place below the quarantine folder. */
export function quarantinedReceipt(
  facts: ReceiptFacts,
  decision: Extract<DropDecision, { action: 'quarantine' }>,
  name: string,
): Receipt {
  return {
    ...receiptBase(facts, decision),
    state: 'quarantined',
    name,
    flags: [],
    reason: decision.reason,
  };
}

function receiptBase(
  { agent, kind, runId, clock }: ReceiptFacts,
  { drop, id, link }: Exclude<DropDecision, { action: 'leave' }>,
): Pick<Receipt, 'version' | 'id' | 'agent' | 'source' | 'size' | 'deliveredAt' | 'runId'> {
  return {
    version: 1,
    id,
    agent,
    source: {
      kind,
      path: link?.name ?? drop.path,
      version: drop.version,
      ...(drop.modified === undefined ? {} : { modified: drop.modified }),
      ...(link === undefined ? {} : { link: { id: link.id, slot: link.slot } }),
    },
    size: drop.size,
    deliveredAt: isoTime(clock.now()),
    runId,
  };
}

/** What the notification queue says of a receipt. */
export function deliveryOf({ id, name, size }: Receipt): Delivery {
  return { id, name, size };
}
