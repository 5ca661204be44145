import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Need } from '../../../local/iam-actions.ts';
import type { PolicyStatement } from '../../fixtures/deployed-policies.ts';
import { evaluate, type Decision } from '../../fixtures/evaluate.ts';
import { readPage } from './markdown.ts';

const bucket = 'arn:aws:s3:::the-workspaces';

/** The policy of a guide, as an operator fills it in. */
function givenPolicyOf(guide: string): PolicyStatement[] {
  const file = join(import.meta.dirname, '../../../docs/guides', `${guide}.md`);
  const { fences } = readPage(readFileSync(file, 'utf8'));
  const found = fences.find(({ text }) => text.includes('"Statement"'));
  const filled = (found?.text ?? '').replaceAll('<WorkspaceBucketName>', 'the-workspaces');
  return (JSON.parse(filled) as { Statement: PolicyStatement[] }).Statement;
}

function on(key: string, action: string): Need {
  return { action: `s3:${action}`, resource: `${bucket}/${key}`, context: {} };
}

function listing(prefix?: string): Need {
  const context: Record<string, string> = prefix === undefined ? {} : { 's3:prefix': prefix };
  return { action: 's3:ListBucket', resource: bucket, context };
}

async function judge(guide: string, need: Need): Promise<Decision> {
  return evaluate(givenPolicyOf(guide), need, new Map());
}

/** What the real `rclone mount` was seen to ask for, by a proxy that writes requests down. */
const requestsOfTheMount = [
  listing('main/workspace/'),
  listing('main/workspace/notes/'),
  on('main/workspace/notes/a.md', 'GetObject'),
  on('main/workspace/notes/a.md', 'PutObject'),
  on('main/workspace/large.bin', 'AbortMultipartUpload'),
  on('main/workspace/notes/a.md', 'DeleteObject'),
];

/** What a gateway that was taken over would like to do. */
const beyond = [
  listing(),
  listing('other/workspace/'),
  on('other/workspace/a.md', 'GetObject'),
  on('main/restored/20261122T220608Z-66909542/workspace/a.md', 'GetObject'),
  on('main/workspace/notes/a.md', 'GetObjectVersion'),
  on('main/workspace/notes/a.md', 'DeleteObjectVersion'),
  on('main/workspace-of-another/a.md', 'PutObject'),
];

describe('the policy for rclone mount', () => {
  it.each(requestsOfTheMount)('allows $action on $resource', async (need) => {
    expect(await judge('gateway-rclone-mount', need)).toBe('Allowed');
  });

  it.each(beyond)('does not allow $action on $resource $context', async (need) => {
    expect(await judge('gateway-rclone-mount', need)).toBe('ImplicitlyDenied');
  });
});

describe('the policy for Mountpoint', () => {
  it.each([listing('main/workspace/shared/'), on('main/workspace/shared/a.pdf', 'GetObject')])(
    'allows $action on $resource',
    async (need) => {
      expect(await judge('gateway-mountpoint', need)).toBe('Allowed');
    },
  );

  it.each([...beyond, on('main/workspace/shared/a.pdf', 'PutObject')])(
    'does not allow $action on $resource $context',
    async (need) => {
      expect(await judge('gateway-mountpoint', need)).toBe('ImplicitlyDenied');
    },
  );
});

describe('the policy for EFS', () => {
  const fileSystem =
    'arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0';
  const accessPoint =
    'arn:aws:elasticfilesystem:eu-central-1:111122223333:access-point/fsap-0123456789abcdef0';

  it.each(['ClientMount', 'ClientWrite'])('allows %s by its access point', async (action) => {
    const context = { 'elasticfilesystem:AccessPointArn': accessPoint };
    const need = { action: `elasticfilesystem:${action}`, resource: fileSystem, context };
    expect(await judge('gateway-efs', need)).toBe('Allowed');
  });

  it.each([
    ['ClientMount', {}],
    ['ClientMount', { 'elasticfilesystem:AccessPointArn': `${accessPoint}1` }],
    ['ClientRootAccess', { 'elasticfilesystem:AccessPointArn': accessPoint }],
  ])('does not allow %s with %j', async (action, context) => {
    const need = { action: `elasticfilesystem:${action}`, resource: fileSystem, context };
    expect(await judge('gateway-efs', need)).toBe('ImplicitlyDenied');
  });
});
