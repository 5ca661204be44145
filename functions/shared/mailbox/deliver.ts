import type { Clock } from '../clock.ts';
import type { Delivery, Receipt, SkippedFile } from '../contract/index.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../telemetry.ts';
import type { TimeBudget } from '../runtime/time-budget.ts';
import {
  decide,
  deliveredReceipt,
  deliveryOf,
  quarantinedReceipt,
  receiptId,
  type Drop,
  type DropDecision,
  type ReceiptFacts,
} from './delivery.ts';
import { freeName, nameKey } from './name-policy.ts';
import type {
  Admission,
  Carried,
  Carrier,
  Delivering,
  Inbox,
  Kept,
  Outbox,
  Parcel,
  Quarantining,
} from './ports.ts';

/** What {@link deliver} works with. */
export interface DeliveryDeps {
  outbox: Outbox;
  inbox: Inbox;
  carrier: Carrier;
  /** Where drops may come from people without access of their own. */
  admission?: Admission;
  /** Tells the queue and the bus; has to have succeeded before a drop is removed. */
  announce: (deliveries: Delivery[]) => Promise<void>;
  /** Tells the bus of a drop that was put aside, unless it came by a link. */
  tellOfQuarantine: (receipt: Receipt) => Promise<void>;
  budget: TimeBudget;
  clock: Clock;
  log: Log;
}

export interface DeliveryOrder {
  agent: string;
  runId: string;
  drops: Drop[];
  maxDropBytes: number;
}

/** What became of the drops. */
export interface DeliveryResult {
  delivered: Receipt[];
  quarantined: Receipt[];
  skipped: SkippedFile[];
  /** Drops that are left because the leg's time was up. */
  remaining: number;
  /** Drops that could not be carried, put aside or removed and have to be tried again. */
  failures: number;
  /** Paths of drops that were delivered and announced, and could not be removed. */
  unremoved: string[];
}

/** Drops that go through copy, record, announce and remove together. */
const batchSize = 50;

/** How often a parcel gets another name because somebody took the first one meanwhile. */
const namingAttempts = 5;

/**
 * Takes drops from an outbox to an inbox: copied, verified, recorded, announced, and only then
 * removed from where they were. Whenever this is cut short, the next call goes on from what it
 * finds: a receipt means delivered, and announcing or removing again changes nothing.
 */
export async function deliver(order: DeliveryOrder, deps: DeliveryDeps): Promise<DeliveryResult> {
  const result: DeliveryResult = {
    delivered: [],
    quarantined: [],
    skipped: [],
    remaining: 0,
    failures: 0,
    unremoved: [],
  };
  for (let at = 0; at < order.drops.length; at += batchSize) {
    if (deps.budget.remaining() === 0) {
      result.remaining = order.drops.length - at;
      break;
    }
    await deliverBatch({ ...order, drops: order.drops.slice(at, at + batchSize) }, deps, result);
  }
  return result;
}

async function deliverBatch(
  order: DeliveryOrder,
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<void> {
  const facts: ReceiptFacts = { ...order, kind: deps.outbox.kind, clock: deps.clock };
  const decisions = await decideAll(order, deps);
  for (const decision of decisions) {
    if (decision.action === 'leave') {
      result.skipped.push({ path: decision.drop.path, reason: decision.reason });
    }
  }
  const delivering = decisions.filter((decision) => decision.action === 'deliver');
  const known = await deliveredBefore(delivering, deps.inbox);
  const fresh = delivering.filter(({ id }) => !known.has(id));

  const { carried, late } = await carryUnderFreeNames(fresh, deps, result);
  const receipts = carried.map(({ parcel, sha256 }) =>
    deliveredReceipt(facts, parcel.decision, parcel.name, sha256),
  );
  await deps.inbox.writeReceipts(receipts);
  result.delivered.push(...receipts);

  await finish(delivering, [...known.values(), ...receipts], deps, result);
  // Last, for it may take long, or fail: nothing that was delivered waits for it.
  await quarantine(
    [...decisions.filter((decision) => decision.action === 'quarantine'), ...late],
    facts,
    deps,
    result,
  );
}

/** Announces what lies in the inbox, and removes it from where it was. */
async function finish(
  delivering: Delivering[],
  delivered: Receipt[],
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<void> {
  // A receipt that an earlier run left behind may not have been announced before it was killed.
  const told = new Set(delivering.filter(({ drop }) => drop.announced).map(({ id }) => id));
  const untold = delivered.filter(({ id }) => !told.has(id));
  if (untold.length > 0) await deps.announce(untold.map(deliveryOf));
  await deps.admission?.report(delivered);
  const ids = new Set(delivered.map(({ id }) => id));
  const finished = delivering.filter(({ id }) => ids.has(id));
  result.unremoved.push(...(await removeDelivered(finished, deps, result)));
}

/** One after the other, oldest first: of two that want the same slot of a link the first has it. */
async function decideAll(order: DeliveryOrder, deps: DeliveryDeps): Promise<DropDecision[]> {
  const { kind } = deps.outbox;
  const decisions: DropDecision[] = [];
  for (const drop of order.drops) {
    const admitted = await deps.admission?.decide(drop, receiptId(order.agent, kind, drop));
    decisions.push(admitted ?? decide(drop, order.agent, kind, order));
  }
  return decisions;
}

/** Only a receipt of a delivery counts: one of a quarantine may have been written by mistake. */
async function deliveredBefore(
  decisions: Delivering[],
  inbox: Inbox,
): Promise<ReadonlyMap<string, Receipt>> {
  const receipts = await inbox.receipts(decisions.map(({ id }) => id));
  return new Map([...receipts].filter(([, { state }]) => state === 'delivered'));
}

async function carryUnderFreeNames(
  decisions: Delivering[],
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<{ carried: Extract<Carried, { state: 'carried' }>[]; late: Quarantining[] }> {
  const done: Extract<Carried, { state: 'carried' }>[] = [];
  const late: Quarantining[] = [];
  let waiting = decisions;
  for (let attempt = 0; attempt < namingAttempts && waiting.length > 0; attempt++) {
    const taken = await deps.inbox.takenNames(waiting.map(({ wanted }) => wanted));
    if (attempt === 0) {
      done.push(...(await deps.carrier.foundInInbox(waiting, taken)));
      const found = new Set(done.map(({ parcel }) => parcel.decision.id));
      waiting = waiting.filter(({ id }) => !found.has(id));
      late.push(...waiting.flatMap(putAsideIfLate));
      waiting = waiting.filter(({ tooLate }) => tooLate === undefined);
    }
    const outcomes = await deps.carrier.carry(nameParcels(waiting, taken, result));
    done.push(...outcomes.filter((outcome) => outcome.state === 'carried'));
    note(outcomes, deps, result);
    waiting = outcomes
      .filter((outcome) => outcome.state === 'taken')
      .map((outcome) => outcome.parcel.decision);
  }
  for (const { drop } of waiting) fail(result, drop, 'its name was taken again and again');
  return { carried: done, late };
}

function putAsideIfLate({ drop, id, link, tooLate: reason }: Delivering): Quarantining[] {
  if (reason === undefined) return [];
  return [{ action: 'quarantine', drop, id, reason, ...(link === undefined ? {} : { link }) }];
}

/** Gives each drop a name that nothing in the inbox has, nor another drop of the batch. */
function nameParcels(
  decisions: Delivering[],
  taken: Set<string>,
  result: DeliveryResult,
): Parcel[] {
  return decisions.flatMap((decision) => {
    const name = freeName(decision.wanted, (candidate) => taken.has(nameKey(candidate)));
    if (name === undefined) {
      fail(result, decision.drop, 'ten thousand files of this name lie in the inbox');
      return [];
    }
    taken.add(nameKey(name));
    return [{ decision, name }];
  });
}

function note(outcomes: Carried[], deps: DeliveryDeps, result: DeliveryResult): void {
  for (const outcome of outcomes) {
    const { drop } = outcome.parcel.decision;
    if (outcome.state === 'failed') fail(result, drop, outcome.reason);
    if (outcome.state === 'gone') deps.log.info('the drop is gone', { path: drop.path });
  }
}

function fail(result: DeliveryResult, drop: Drop, reason: string): void {
  result.failures++;
  result.skipped.push({ path: drop.path, reason });
}

async function quarantine(
  decisions: Quarantining[],
  facts: ReceiptFacts,
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<void> {
  for (const decision of decisions) {
    // Putting a large drop aside takes its time as carrying one does.
    if (deps.budget.remaining() === 0) {
      fail(result, decision.drop, 'the time was up');
      continue;
    }
    const receipt = quarantinedReceipt(facts, decision, deps.outbox.quarantinePlace(decision));
    try {
      await putAside(decision, receipt, deps, result);
    } catch (error) {
      // The next drop may well be one that can be put aside.
      fail(result, decision.drop, `cannot be put in quarantine: ${messageOf(error)}`);
      continue;
    }
    result.quarantined.push(receipt);
    result.skipped.push({ path: decision.drop.path, reason: `quarantined: ${decision.reason}` });
  }
}

/**
 * The receipt comes first: a run that is killed here is repeated, and nothing is put aside that
 * nobody was told of. Whoever has a link can send without end: what is refused of it has its receipt
 * where it is put, and none where the agent looks, nor an event.
 */
async function putAside(
  decision: Quarantining,
  receipt: Receipt,
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<void> {
  const isByLink = decision.link !== undefined;
  if (!isByLink) await deps.inbox.writeReceipts([receipt]);
  await deps.outbox.quarantine(decision, receipt);
  if (!isByLink) await deps.tellOfQuarantine(receipt);
  await deps.admission?.report([receipt]);
  await removeDelivered([decision], deps, result);
}

/** @returns paths of the drops that could not be removed. */
async function removeDelivered(
  decisions: (Delivering | Quarantining)[],
  deps: DeliveryDeps,
  result: DeliveryResult,
): Promise<string[]> {
  if (decisions.length === 0) return [];
  const kept = await removeOrKeep(
    decisions.map(({ drop }) => drop),
    deps,
  );
  for (const { drop, fault } of kept) {
    if (fault !== undefined) fail(result, drop, `cannot be removed from the _outbox: ${fault}`);
    else {
      const { path } = drop;
      deps.log.warn('the drop changed after it was delivered and is kept', { path });
    }
  }
  return kept.filter(({ fault }) => fault !== undefined).map(({ drop }) => drop.path);
}

async function removeOrKeep(drops: Drop[], { outbox }: DeliveryDeps): Promise<Kept[]> {
  try {
    return await outbox.remove(drops);
  } catch (error) {
    return drops.map((drop) => ({ drop, fault: messageOf(error) }));
  }
}
