/** What an estimate takes for granted of each agent. Who knows better says so. */
export interface Assumptions {
  /** Files of the synchronised folder, and their bytes. */
  files: number;
  bytes: number;
  /** Share of the files that changes in a day: 0.05 for a twentieth. */
  changedPerDay: number;
  dropsPerDay: number;
  dropBytes: number;
  /** Sessions of the gateway in a day, where the configuration has them start syncs. */
  sessionsPerDay: number;
  /** Bytes in the deployment's buckets, older versions included; worked out where it is not given. */
  storedBytes?: number;
}

/** A small workspace of a person's assistant. */
export const defaultAssumptions: Assumptions = {
  files: 2_000,
  bytes: 200 * 2 ** 20,
  changedPerDay: 0.05,
  dropsPerDay: 5,
  dropBytes: 2 * 2 ** 20,
  sessionsPerDay: 10,
};

/** GB of memory that functions have. */
export const memory = {
  sync: 1,
  drain: 1,
  backup: 1.728,
  verify: 1.728,
  prune: 0.5,
  status: 0.5,
  notify: 0.25,
};

/**
 * What runs take: seconds of a run with nothing to do, of which the functions need half a second and
 * the rest is a cloud's time to answer; files and bytes that a second carries; and the requests of a
 * run whatever it does, as runs on the emulator have counted them.
 */
export const effort = {
  idleSeconds: { sync: 3, drain: 2, backup: 3, verify: 3, prune: 2, notify: 1, status: 2 },
  filesPerSecond: 20,
  bytesPerSecond: 10 * 2 ** 20,
  /** Packing and reading back, one processor at work. */
  packedPerSecond: 40 * 2 ** 20,
  /** Lease, memory, history and status. */
  requests: { write: 5, read: 5 },
  /** Checkpoints and memory of a backup, beside those. */
  backupWrites: 10,
  /** Share of its size to which a snapshot is compressed. */
  compressed: 0.5,
  /** Lines of a run in the log. */
  logBytes: 6_000,
  /** Metrics that a run of a job sets. */
  metrics: { sync: 3, drain: 3, backup: 2, verify: 2, prune: 2 },
} as const;
