/** What a run has used, over all its legs, of the things that have a price. */
export interface RunUsage {
  /** Memory of the function times the time that it worked. */
  gbSeconds: number;
  awsRequests: S3Requests;
  /** Bytes that left AWS: to a cloud folder, a workspace or a storage of snapshots elsewhere. */
  bytesOut: number;
}

/** Requests to S3 by the classes of its price list. Deletes cost nothing and are not counted. */
export interface S3Requests {
  /** PUT, COPY, POST and LIST. */
  write: number;
  /** GET and HEAD. */
  read: number;
}

/** What the runs of one job of one agent have used in a month. */
export interface MonthUsage extends RunUsage {
  /** `2026-11`, in UTC: that in which the runs ended. */
  month: string;
  runs: number;
  /** Calls of the function. */
  legs: number;
}
