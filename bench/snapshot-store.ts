/**
 * The S3 server in a process of its own, so that what it costs is nobody's. It does what its parent
 * tells it, one message at a time, and answers each.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { startS3Server } from './s3-server.ts';

/** What the parent may ask. */
export type Request =
  | { kind: 'latency'; ms: number }
  | { kind: 'fill'; bucket: string; folder: string }
  | { kind: 'size'; bucket: string }
  | { kind: 'clear'; bucket: string }
  /** From now on what is uploaded in parts is counted and thrown away. */
  | { kind: 'forget' };

/** How large a part of a body is that is sent at once. */
const pieceBytes = 8 << 20;

const s3 = await startS3Server();

process.on('message', (request: Request) => {
  process.send?.({ value: answer(request) });
});
process.on('disconnect', () => process.exit());
process.send?.({ value: s3.url });

function answer(request: Request): number {
  switch (request.kind) {
    case 'latency':
      return (s3.latencyMs = request.ms);
    case 'fill':
      return fill(request.bucket, request.folder);
    case 'size': {
      const bucket = s3.bucket(request.bucket);
      return bucket.keys().reduce((sum, key) => sum + (bucket.get(key)?.size ?? 0), 0);
    }
    case 'clear':
      s3.bucket(request.bucket).clear();
      return 0;
    case 'forget':
      s3.forgetParts = true;
      return 0;
  }
}

function fill(bucket: string, folder: string): number {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true });
  const plain = files.filter((file) => file.isFile());
  for (const { parentPath, name } of plain) {
    const path = join(parentPath, name);
    const body = readFileSync(path);
    const pieces = Array.from({ length: Math.ceil(body.length / pieceBytes) }, (_, at) =>
      body.subarray(at * pieceBytes, (at + 1) * pieceBytes),
    );
    const key = relative(folder, path);
    if (pieces.length > 1) s3.bucket(bucket).putParts(key, pieces);
    else s3.bucket(bucket).put(key, body);
  }
  return plain.length;
}
