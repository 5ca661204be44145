import type { IncomingMessage } from 'node:http';
import { factsOf, isTag } from './s3-facts.ts';
import { S3RefusalError } from './s3-failure.ts';
import type { ObjectRequest, S3Reader } from './s3-reader.ts';
import { FileChangedError } from './source.ts';

/** A place in an object. */
export interface Position {
  /** For messages. */
  path: string;
  key: string;
  offset: number;
  /** As {@link factsOf} gave it; without it, whatever the object is now. */
  version: string | undefined;
}

/**
 * Reads on in one version of an object. Where the bucket keeps versions, one that was replaced or
 * deleted is still read to its end; that, and only that, needs `s3:GetObjectVersion`.
 * @throws FileChangedError where that version is not to be had
 */
export async function readFrom(reader: S3Reader, position: Position): Promise<IncomingMessage> {
  const { path, key, offset, version } = position;
  if (version === undefined) return reader.get({ key, offset }, (answer) => answer);
  const requests: ObjectRequest[] = isTag(version)
    ? [{ key, offset, ifMatch: version }]
    : [
        { key, offset },
        { key, offset, versionId: version },
      ];
  for (const request of requests) {
    const answer = await orNothing(() => reader.get(request, (given) => given), request);
    if (answer && isWanted(answer, position)) return answer;
    answer?.destroy();
  }
  throw new FileChangedError(path);
}

/** Some servers know no conditions, and answer with what they have. */
function isWanted(answer: IncomingMessage, { version }: Position): boolean {
  return factsOf(answer).version === version;
}

/** Nothing where S3 says that this version, or this part of it, is not there for us. */
async function orNothing(
  get: () => Promise<IncomingMessage>,
  { versionId }: ObjectRequest,
): Promise<IncomingMessage | undefined> {
  try {
    return await get();
  } catch (error) {
    if (!(error instanceof S3RefusalError) || error.reason === 'NoSuchBucket') throw error;
    const isAbsent = [404, 405, 412, 416].includes(error.status);
    // Without the permission for old versions, an old version is as good as gone.
    if (isAbsent || (versionId !== undefined && error.status === 403)) return;
    throw error;
  }
}
