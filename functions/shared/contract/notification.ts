/** One file that has arrived in an inbox, as the notification queue carries it. */
export interface Delivery {
  /** Id of the receipt: the same drop has the same id however often it is announced. */
  id: string;
  /** Path under `_inbox`. */
  name: string;
  size: number;
}

/**
 * Message on the notification queue: these files are in the agent's inbox and their receipts are
 * written. At least once: `notify` posts each delivery id once as far as it can remember.
 */
export interface NotificationMessage {
  version: 1;
  agent: string;
  runId: string;
  deliveries: Delivery[];
}

/** `_inbox/.receipts/<id>.json`: the durable record of a drop, which needs no webhook to be read. */
export interface Receipt {
  version: 1;
  /** Derived from the source and its version: delivering again finds the receipt. */
  id: string;
  agent: string;
  state: 'delivered' | 'quarantined';
  /** Path under `_inbox` where the file lies, or under the quarantine folder. */
  name: string;
  source: {
    /** `drop`: the deployment's exchange bucket. `cloud`: `_outbox` of the cloud folder. */
    kind: 'drop' | 'cloud';
    /** The name that the person gave it, as it was. */
    path: string;
    /** What tells this version from another of the same name. */
    version: string;
    modified?: string;
    /** The drop link that it came by; `path` is the name that whoever has the link gave it. */
    link?: { id: string; slot: number };
  };
  size: number;
  /** Lower-case hexadecimal; absent for a quarantined file that was not read. */
  sha256?: string;
  /** `control-file`: it bears the name of a file that steers an agent. `renamed`: see `reason`. */
  flags: ('control-file' | 'renamed')[];
  /** Why it was renamed or quarantined. */
  reason?: string;
  deliveredAt: string;
  runId: string;
}
