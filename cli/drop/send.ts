import { Readable } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import { dropPrefix } from '../../functions/shared/contract/index.ts';
import { bucketOf, type AgentContext } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { steadyContent } from './content.ts';
import type { DropSource } from './sources.ts';

/** What lies in `_outbox` once it is sent. */
export interface Sent {
  path: string;
  size: number;
  version: string;
}

const minPartBytes = 8 * 1024 ** 2;
/** S3's limit. */
const maxParts = 10_000;

/** Bytes of a part: standard input may be large, and says nothing of it. */
function partBytes(size = 500 * 1024 ** 3): number {
  return Math.max(minPartBytes, Math.ceil(size / (maxParts - 1)));
}

/**
 * Sends one file to the agent's `_outbox` without holding more of it than a few parts. Where it is
 * cut short, nothing lies there.
 * @param onBytes told how many bytes have been sent
 */
export async function send(
  context: AgentContext,
  source: DropSource,
  { onBytes, leaving }: { onBytes: (bytes: number) => void; leaving: AbortSignal },
): Promise<Sent> {
  const { clients, agent } = context;
  const content = source.from === '-' ? process.stdin : Readable.from(steadyContent(source));
  let size = 0;
  const counted = Readable.from(counting(content, (bytes) => (size += bytes)));
  const upload = new Upload({
    client: clients.s3,
    partSize: partBytes(source.size),
    queueSize: 4,
    params: {
      Bucket: bucketOf(context, 'Exchange'),
      Key: dropPrefix(agent) + source.path,
      Body: counted,
    },
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => {
    onBytes(loaded);
  });
  const abort = (): void => void upload.abort();
  leaving.addEventListener('abort', abort);
  try {
    if (leaving.aborted) await upload.abort();
    const { VersionId: version } = await upload.done();
    if (version !== undefined) return { path: source.path, size, version };
    throw new CommandFailure(
      'The exchange bucket keeps no versions: it is not the one of a deployment.',
      {
        code: 'no-versions',
      },
    );
  } finally {
    leaving.removeEventListener('abort', abort);
    counted.destroy();
  }
}

async function* counting(
  content: AsyncIterable<unknown>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    const bytes = chunk as Buffer;
    onBytes(bytes.length);
    yield bytes;
  }
}
