/**
 * What a link's page holds is signed: whoever has it cannot change what a form allows. Against an
 * emulator that checks signatures, as S3 does.
 */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signedForm } from '../../cli/drop-link/create.ts';
import { newRecord } from '../../cli/drop-link/options.ts';
import { systemClock } from '../../functions/shared/clock.ts';
import { startEmulator, type Emulator } from '../../local/emulator.ts';

const bucket = 'exchange';
let emulator: Emulator;
let s3: S3Client;
beforeAll(async () => {
  emulator = await startEmulator({ env: { AUTH: 'true' } });
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(async () => {
  s3.destroy();
  await emulator.stop();
});

async function givenForm(): Promise<Record<string, string>> {
  const limits = { files: 1, maxBytes: 10, types: [], lifetimeMs: 60_000 };
  const record = newRecord('0123456789abcdef', { agent: 'main', ...limits }, systemClock);
  return (await signedForm({ s3, exchangeBucket: bucket, seconds: 60 }, record, 1)).fields;
}

async function answerTo(fields: Record<string, string>): Promise<string> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('Content-Type', 'text/plain');
  form.append('file', new Blob(['content']), 'a.txt');
  const answer = await fetch(`${emulator.url}/${bucket}`, { method: 'POST', body: form });
  return /<Code>(\w+)/.exec(await answer.text())?.[1] ?? String(answer.status);
}

function withPolicy(
  fields: Record<string, string>,
  change: (policy: { expiration: string; conditions: unknown[] }) => object,
): Record<string, string> {
  const policy = JSON.parse(atob(fields['Policy'] ?? '')) as Parameters<typeof change>[0];
  return { ...fields, Policy: btoa(JSON.stringify(change(policy))) };
}

it('takes the form as it was signed', async () => {
  expect(await answerTo(await givenForm())).toBe('204');
});

it.each([
  ['a later end', { expiration: '2100-01-01T00:00:00Z' }],
  ['no conditions', { conditions: [] }],
])('refuses a policy with %s', async (_, change) => {
  const fields = withPolicy(await givenForm(), (policy) => ({ ...policy, ...change }));
  expect(await answerTo(fields)).toBe('SignatureDoesNotMatch');
});

it('refuses a form without its signature', async () => {
  const { 'X-Amz-Signature': signature, ...fields } = await givenForm();
  expect(signature).toMatch(/^[0-9a-f]{64}$/);
  expect(await answerTo(fields)).toBe('InvalidArgument');
});
