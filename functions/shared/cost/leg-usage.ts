import { type AgentConfig, backupPlace } from '../config/index.ts';
import type { JobRequest, RunTotals, RunUsage, S3Requests } from '../contract/index.ts';

/** What is known of a leg when it has ended. */
export interface Leg {
  agent: AgentConfig;
  request: Pick<JobRequest, 'job' | 'target'>;
  /** What this leg has done. */
  done: Partial<RunTotals>;
  /** How long it took. */
  milliseconds: number;
  /** Memory of the function, in MB; 0 where the platform does not say. */
  memoryMb: number;
  /** What our own clients have asked of S3. */
  requests: S3Requests;
  /** Whether the run ends with it. */
  isLast: boolean;
}

/** Putting the report away, which comes after the counting: the history, and the status to and fro. */
const reporting: S3Requests = { write: 2, read: 1 };

/**
 * What a leg has used. The time is that of the work: the start of a sandbox, some tenths of a second,
 * is not in it.
 */
export function legUsage(leg: Leg): RunUsage {
  const byRclone = rcloneRequests(leg);
  const after = leg.isLast ? reporting : { write: 0, read: 0 };
  return {
    gbSeconds: Number(((leg.memoryMb / 1024) * (Math.ceil(leg.milliseconds) / 1000)).toFixed(6)),
    awsRequests: {
      write: leg.requests.write + byRclone.write + after.write,
      read: leg.requests.read + byRclone.read + after.read,
    },
    bytesOut: bytesOut(leg),
  };
}

/** How the functions have rclone upload to S3: see its flags in the remote's description. */
const multipart = { cutoff: 16 * 2 ** 20, part: 8 * 2 ** 20 };

/**
 * What others than our own clients have asked of S3, estimated from what was carried: for each file
 * that rclone takes out of a bucket a HEAD and a GET, for each that it puts into one a HEAD (is it
 * there already?) and a PUT, or where files are larger than 16 MiB on average a POST before and after
 * and a PUT for each 8 MiB; for each file that a backup reads a GET of its own reader. What rclone
 * lists is not known here, and is one request for a thousand files.
 */
export function rcloneRequests({ agent, request: { job }, done }: Leg): S3Requests {
  const sum: S3Requests = { write: 0, read: 0 };
  const isInBucket = agent.workspace.kind === 's3';
  if (job === 'backup' && isInBucket) sum.read += done.filesStored ?? 0;
  if (job !== 'sync') return sum;
  const isCloudInS3 = isAws(agent.sync);
  const sent = { files: done.filesSent ?? 0, bytes: done.bytesSent ?? 0 };
  const received = {
    files: (done.filesReceived ?? 0) + (done.filesDelivered ?? 0),
    bytes: (done.bytesReceived ?? 0) + (done.bytesDelivered ?? 0),
  };
  if (isInBucket) {
    sum.read += 2 * sent.files + received.files;
    sum.write += puts(received);
  }
  if (isCloudInS3) {
    sum.read += 2 * received.files + sent.files;
    sum.write += puts(sent);
  }
  return sum;
}

function puts({ files, bytes }: { files: number; bytes: number }): number {
  if (files === 0) return 0;
  const average = bytes / files;
  return average <= multipart.cutoff ? files : files * (2 + Math.ceil(average / multipart.part));
}

/**
 * Bytes that left AWS. Of a backup it is what was packed, before it was compressed: never less than
 * what went out. A workspace on another machine counts as outside, wherever that machine is.
 */
export function bytesOut({ agent, request: { job, target }, done }: Leg): number {
  const { bytesSent = 0, bytesReceived = 0, bytesDelivered = 0 } = done;
  const { bytesStored = 0, bytesRestored = 0 } = done;
  const isFarWorkspace = agent.workspace.kind === 'remote';
  const isFarCloud = agent.sync.provider !== 'off' && !isAws(agent.sync);
  const intoWorkspace = isFarWorkspace ? bytesReceived + bytesDelivered : 0;
  switch (job) {
    case 'sync':
      return (isFarCloud ? bytesSent : 0) + intoWorkspace;
    case 'drain':
      return intoWorkspace;
    case 'backup':
      return isFarStorage(agent) ? bytesStored : 0;
    case 'restore':
      return (target === 'cloud' ? isFarCloud : isFarWorkspace) ? bytesRestored : 0;
    case 'prune':
    case 'verify':
    case 'list':
      return 0;
  }
}

function isFarStorage(agent: AgentConfig): boolean {
  const place = backupPlace(agent);
  return place.kind === 'remote' && !isAws(place.settings);
}

/** Whether a storage is S3 of Amazon: one that is asked for at no address of its own. */
function isAws({
  provider,
  s3,
}: {
  provider: string;
  s3?: { endpoint: string } | undefined;
}): boolean {
  return provider === 's3' && (s3?.endpoint ?? '') === '';
}
