import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, expect, it } from 'vitest';
import { type Cycle, makeMailboxes, type Sides } from '../../../functions/shared/jobs/cycle.ts';

let server: Server;

afterEach(() => server.close());

it('makes the _inbox in one request whose length is known, so that the SDK has nothing to warn of', async () => {
  const { s3, requests, warnings } = await givenStorage();
  await makeMailboxes(givenCycle(s3), { outboxExists: true, inboxExists: false } as Sides);
  expect(requests.map(({ method, url }) => `${method} ${url?.split('?')[0]}`)).toEqual([
    'PUT /workspaces/ann/workspace/_inbox/',
  ]);
  expect(warnings).toEqual([]);
});

/** A storage that takes everything, and what the client has to say of that. */
async function givenStorage() {
  const requests: IncomingMessage[] = [];
  server = createServer((request, response) => {
    requests.push(request);
    request.resume().on('end', () => response.writeHead(200, { etag: '"one"' }).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const warnings: unknown[] = [];
  const s3 = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
    logger: { ...console, debug: () => 0, info: () => 0, warn: (text) => warnings.push(text) },
  });
  return { s3, requests, warnings };
}

function givenCycle(s3: S3Client): Cycle {
  const runtime = { s3, env: { WORKSPACE_BUCKET: 'workspaces' } };
  return {
    context: { runtime },
    agent: { name: 'ann', workspace: { kind: 's3' } },
  } as unknown as Cycle;
}
