import type { Delivery, Receipt } from '../../../functions/shared/contract/index.ts';
import {
  deliver,
  type DeliveryDeps,
  type DeliveryResult,
} from '../../../functions/shared/mailbox/deliver.ts';
import type { Drop } from '../../../functions/shared/mailbox/delivery.ts';
import { nameKey } from '../../../functions/shared/mailbox/name-policy.ts';
import type {
  Admission,
  Carried,
  Carrier,
  Inbox,
  Outbox,
  Parcel,
} from '../../../functions/shared/mailbox/ports.ts';
import { parseReceipt, receiptText } from '../../../functions/shared/mailbox/receipt.ts';

/** The platform has killed the run. */
export class Killed extends Error {}

/** How a carrier knows a file of its own again that an earlier run copied and did not record. */
export type Memory = 'journal' | 'metadata';

interface InboxFile {
  dropId: string;
  from: string;
}

/** A drop, three bytes long unless it says otherwise. */
export function drop(path: string, more: Partial<Drop> = {}): Drop {
  return { path, size: 3, version: `version-of-${path}`, ...more };
}

/** Both sides of a mailbox in memory; every effect is written down, and can be the last. */
export class MailboxWorld {
  drops: Drop[];
  memory: Memory = 'journal';
  /** Names the effect after which the run is killed, such as `copy`. */
  killAfter: string | undefined;
  remainingMs: () => number = () => 60_000;
  /** Asked before a parcel is carried: an answer stands instead of carrying it. */
  refuse: (parcel: Parcel) => Carried | undefined = () => undefined;
  announceFails = false;
  /** Paths that the person's side lets nobody move or remove. */
  stuck = new Set<string>();
  /** Decides instead of the rules for ordinary drops, and is told what became of them. */
  admit: Admission['decide'] | undefined;

  readonly inbox = new Map<string, InboxFile>();
  readonly receiptTexts = new Map<string, string>();
  readonly announced: Delivery[][] = [];
  readonly quarantined = new Map<string, Drop>();
  /** Receipts that the outbox was given with what it put aside. */
  readonly toldAside = new Map<string, Receipt>();
  readonly effects: string[] = [];
  readonly warnings: string[] = [];
  readonly #journal = new Map<string, string>();
  #isDead = false;

  constructor(...drops: Drop[]) {
    this.drops = drops;
  }

  /** One run, which looks for itself at what lies in the outbox. */
  async run(options: { maxDropBytes?: number; drops?: Drop[] } = {}): Promise<DeliveryResult> {
    const { maxDropBytes = 1_000, drops = [...this.drops] } = options;
    return deliver({ agent: 'main', runId: 'run-1', drops, maxDropBytes }, this.#dependencies());
  }

  /** A run that is killed after an effect. @returns whether it came so far. */
  async runKilledAfter(effect: string): Promise<boolean> {
    this.killAfter = effect;
    try {
      await this.run();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    const wasKilled = this.#isDead;
    this.#isDead = false;
    this.killAfter = undefined;
    return wasKilled;
  }

  receipts(): Receipt[] {
    return [...this.receiptTexts.values()].flatMap((text) => parseReceipt(text) ?? []);
  }

  /** Ids of what was announced, each once. */
  announcedIds(): string[] {
    return [...new Set(this.announced.flat().map(({ id }) => id))].sort();
  }

  #did(effect: string, what: string): void {
    if (!this.#isDead) this.effects.push(`${effect} ${what}`);
    this.#isDead ||= this.killAfter === effect;
    this.#expectLife();
  }

  /** Whatever still tries something after its end has no effect. */
  #expectLife(): void {
    if (this.#isDead) throw new Killed(this.killAfter);
  }

  #dependencies(): DeliveryDeps {
    const ignore = (): void => undefined;
    return {
      outbox: this.#outbox(),
      inbox: this.#inbox(),
      carrier: this.#carrier(),
      ...(this.admit ? { admission: { decide: this.admit, report: this.#report } } : {}),
      announce: (deliveries) => this.#announce(deliveries),
      tellOfQuarantine: async ({ source }) => {
        await Promise.resolve();
        this.#did('tell', source.path);
      },
      budget: { deadline: 0, legMs: 60_000, stopAt: 0, remaining: () => this.remainingMs() },
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      log: {
        debug: ignore,
        info: ignore,
        warn: (message) => this.warnings.push(message),
        error: ignore,
      },
    };
  }

  readonly #report: Admission['report'] = async (receipts) => {
    await Promise.resolve();
    for (const { source } of receipts) this.#did('report', source.path);
  };

  async #announce(deliveries: Delivery[]): Promise<void> {
    await Promise.resolve();
    if (this.announceFails) throw new Error('the queue does not answer');
    this.announced.push(deliveries);
    this.#did('announce', deliveries.map(({ name }) => name).join(', '));
  }

  #outbox(): Outbox {
    const isHere = (wanted: Drop): boolean =>
      this.drops.some(({ path, version }) => path === wanted.path && version === wanted.version);
    return {
      kind: 'drop',
      quarantinePlace: ({ id }) => `.quarantine/${id}`,
      quarantine: async ({ id, drop: aside }, receipt) => {
        await Promise.resolve();
        this.#expectLife();
        if (this.stuck.has(aside.path)) throw new Error('nobody may move it');
        this.toldAside.set(id, receipt);
        this.quarantined.set(`.quarantine/${id}`, aside);
        this.#did('quarantine', aside.path);
      },
      remove: async (drops) => {
        await Promise.resolve();
        this.#expectLife();
        const kept = drops.filter((one) => !isHere(one) || this.stuck.has(one.path));
        for (const one of drops.filter((each) => !this.stuck.has(each.path))) {
          this.drops = this.drops.filter(
            ({ path, version }) => path !== one.path || version !== one.version,
          );
          this.#did('remove', one.path);
        }
        return kept.map((one) =>
          this.stuck.has(one.path) ? { drop: one, fault: 'nobody may remove it' } : { drop: one },
        );
      },
    };
  }

  #inbox(): Inbox {
    return {
      takenNames: () => Promise.resolve(new Set([...this.inbox.keys()].map(nameKey))),
      receipts: (ids) =>
        Promise.resolve(
          new Map(
            this.receipts()
              .filter(({ id }) => ids.includes(id))
              .map((receipt) => [receipt.id, receipt]),
          ),
        ),
      writeReceipts: async (receipts) => {
        await Promise.resolve();
        for (const receipt of receipts) {
          this.receiptTexts.set(receipt.id, receiptText(receipt));
          this.#did('record', receipt.name);
        }
      },
    };
  }

  #carrier(): Carrier {
    return {
      foundInInbox: async (decisions) => {
        await Promise.resolve();
        return decisions.flatMap((decision) => {
          const name = this.#nameOf(decision.id);
          const parcel = { decision, name: name ?? '' };
          return name === undefined ? [] : [{ state: 'carried' as const, parcel, sha256: 'aa' }];
        });
      },
      carry: async (parcels) => {
        await Promise.resolve();
        return parcels.map((parcel) => this.refuse(parcel) ?? this.#carryOne(parcel));
      },
    };
  }

  /** What an earlier run has left in the inbox of this drop; see {@link Memory}. */
  #nameOf(id: string): string | undefined {
    const noted = this.#journal.get(id);
    const lies = [...this.inbox].find(([, { dropId }]) => dropId === id)?.[0];
    if (this.memory === 'metadata') return lies;
    return noted !== undefined && lies === noted ? noted : undefined;
  }

  /** As a conditional write does it. */
  #carryOne(parcel: Parcel): Carried {
    const { id, drop: carried } = parcel.decision;
    this.#journal.set(id, parcel.name);
    if (this.inbox.has(parcel.name)) return { state: 'taken', parcel };
    this.inbox.set(parcel.name, { dropId: id, from: carried.path });
    this.#did('copy', parcel.name);
    return { state: 'carried', parcel, sha256: 'aa' };
  }
}
