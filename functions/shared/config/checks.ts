import { inheritsBlock, isOwnBucket } from './backup-place.ts';
import { checkOptions } from './check-options.ts';
import { checkKeyPair, checkProvider, type Finding, isProvider } from './check-provider.ts';
import { hidesConflicts } from './conflict-names.ts';
import { isRecord, objectAt, type Raw } from './raw.ts';
import { normalFolder } from './paths.ts';
import { secretFix, type Site } from './site.ts';
import { ingestFolder } from './sync.ts';

/**
 * What concerns more than one key. It looks at the data as it was written, so that a mistake in
 * one key hides none in another.
 */
export function checkBlocks(blocks: Raw, site: Site): Finding[] {
  return [
    ...checkSync(blocks, site),
    ...checkBackup(blocks, site),
    ...checkWebhook(blocks, site),
    ...checkOptions(blocks, site),
  ];
}

function checkSync(blocks: Raw, site: Site): Finding[] {
  const sync = objectAt(blocks, 'sync');
  const findings = checkKeyPair('sync', sync, site);
  const active = isProvider(sync['provider']);
  if (active) findings.push(...checkProvider('sync', sync['provider'], sync, site));
  if (active && sync['mode'] === undefined) findings.push(missingMode);
  findings.push(...checkIngest(sync), ...checkConflictNames(sync));
  if (sync['notifyOnInbox'] === true && blocks['webhook'] === undefined) {
    findings.push(missingWebhook);
  }
  return findings;
}

/** What is copied up must not be what is pulled down: the mirror would delete it. */
function checkIngest({ ingest, ingestPath = 'inbox', localPath = 'shared' }: Raw): Finding[] {
  if (ingest !== true || typeof ingestPath !== 'string' || typeof localPath !== 'string') return [];
  const synced = normalFolder(localPath);
  const folder = ingestFolder({ localPath: synced, ingestPath: normalFolder(ingestPath) });
  const isApart =
    synced === '' ||
    !(`${folder}/`.startsWith(`${synced}/`) || `${synced}/`.startsWith(`${folder}/`));
  if (isApart && normalFolder(ingestPath) !== '') return [];
  return [
    {
      path: ['sync', 'ingestPath'],
      value: `${JSON.stringify(ingestPath)}, beside the synchronised folder ${JSON.stringify(synced)}`,
      allowed: 'the name of a folder beside that of sync.localPath',
      fix: 'Choose another name, such as "inbox"',
    },
  ];
}

/** What bisync does not see it writes over: of two conflicts of a file the first loser would be lost. */
function checkConflictNames({ mode, exclude }: Raw): Finding[] {
  if (mode !== 'bisync' || !Array.isArray(exclude)) return [];
  const patterns: unknown[] = exclude;
  const hiding = patterns.find((pattern) => typeof pattern === 'string' && hidesConflicts(pattern));
  if (hiding === undefined) return [];
  return [
    {
      path: ['sync', 'exclude'],
      value: `${JSON.stringify(hiding)}, in mode "bisync"`,
      allowed:
        'patterns that do not leave out what bisync keeps of a conflict, as <name>.conflict1',
      fix: 'Take the pattern out, and delete such files once you have looked at them',
    },
  ];
}

const missingMode: Finding = {
  path: ['sync', 'mode'],
  value: 'nothing',
  allowed: '"mailbox", "mirror" or "bisync"; it is required unless the provider is "off"',
  fix: 'Add "mode": "mailbox": it pushes the workspace up and drains _outbox, and is the safest',
};

const missingWebhook: Finding = {
  path: ['sync', 'notifyOnInbox'],
  value: 'true, without a webhook',
  allowed: 'true together with a "webhook" block, or false',
  fix:
    'Add "webhook": { "url": "https://gateway.example:18789/hooks", "token": "${WEBHOOK_TOKEN}" } ' +
    'beside the sync keys, or set notifyOnInbox to false: receipts are written either way',
};

function checkBackup(blocks: Raw, site: Site): Finding[] {
  const backup = objectAt(blocks, 'backup');
  const findings = checkKeyPair('backup', backup, site);
  if (backup['encrypt'] === true && encryptionKeys.every((key) => backup[key] === undefined)) {
    findings.push(missingKey(site));
  }
  findings.push(...strayCredentials(blocks, backup));
  if (backup['enabled'] === true) {
    findings.push(...checkBackupProvider(blocks, backup, site), ...strayBucket(blocks, backup));
  }
  return findings;
}

/** A bucket that nothing would be written to: the snapshots would go elsewhere without a word. */
function strayBucket(blocks: Raw, backup: Raw): Finding[] {
  const sync = objectAt(blocks, 'sync');
  const provider = backup['provider'] ?? sync['provider'] ?? 'off';
  if (backup['bucket'] === undefined || provider === 's3' || backup['provider'] !== undefined) {
    return [];
  }
  return [
    {
      path: ['backup', 'bucket'],
      value: 'a bucket, while the snapshots do not go to S3',
      allowed: 'a bucket together with "provider": "s3"',
      fix: 'Add "provider": "s3" to "backup", or take "bucket" out',
    },
  ];
}

/** Credentials that nobody would ask for: the storage has those of `sync`, or none. */
function strayCredentials(blocks: Raw, backup: Raw): Finding[] {
  const sync = objectAt(blocks, 'sync');
  const isInherited = inheritsBlock(backup, sync);
  if (backup['credentialsOf'] === undefined) return [];
  if (!isInherited && !isOwnBucket(backup, sync)) return [];
  return [
    {
      path: ['backup', 'credentialsOf'],
      value: isInherited
        ? 'an agent, while the storage and the secrets of "sync" are used'
        : 'an agent, while the deployment’s own bucket needs no credentials',
      allowed: '"credentialsOf" together with a block of the provider in "backup"',
      fix: isInherited ? 'Move it into "sync", or take it out' : 'Take it out',
    },
  ];
}

/** Without one of these nothing can be encrypted. */
const encryptionKeys = ['passphrase', 'kmsKeyArn', 'publicKey'];

function missingKey(site: Site): Finding {
  const path = ['backup', 'passphrase'];
  return {
    path,
    value: 'nothing, and neither "kmsKeyArn" nor "publicKey"',
    allowed:
      'at least one of "passphrase" (a reference such as ${NAME}), "kmsKeyArn" and "publicKey"; ' +
      '"encrypt": true needs it',
    fix: secretFix(site, path),
  };
}

function checkBackupProvider(blocks: Raw, backup: Raw, site: Site): Finding[] {
  const sync = objectAt(blocks, 'sync');
  if (isOwnBucket(backup, sync) || inheritsBlock(backup, sync)) return [];
  const provider = backup['provider'] ?? sync['provider'];
  if (provider === 's3' && backup['bucket'] !== undefined) return [];
  return checkProvider('backup', provider, backup, site);
}

function checkWebhook(blocks: Raw, site: Site): Finding[] {
  if (!isRecord(blocks['webhook'])) return [];
  const webhook = blocks['webhook'];
  const mode = webhook['mode'] ?? 'wake';
  const credential = mode === 'generic' ? 'secret' : 'token';
  const findings: Finding[] = [];
  if (isMode(mode) && webhook[credential] === undefined) {
    const path = ['webhook', credential];
    const allowed = `a reference such as \${NAME}; it is required with "mode": "${mode}"`;
    findings.push({ path, value: 'nothing', allowed, fix: secretFix(site, path) });
  }
  if (mode !== 'generic' && endsInAction(webhook['url'])) findings.push(urlWithAction);
  for (const [key, partner] of [['channel', 'to'] as const, ['to', 'channel'] as const]) {
    if (webhook[key] === undefined && webhook[partner] !== undefined) {
      findings.push(missingPartner(key, partner));
    }
  }
  return findings;
}

function isMode(mode: unknown): mode is string {
  return mode === 'wake' || mode === 'agent' || mode === 'generic';
}

function endsInAction(url: unknown): boolean {
  return typeof url === 'string' && /\/(?:wake|agent)\/*$/.test(url);
}

const urlWithAction: Finding = {
  path: ['webhook', 'url'],
  value: 'a URL that ends in /wake or /agent',
  allowed: 'the base of the gateway’s hooks, such as "https://gateway.example:18789/hooks"',
  fix: 'Remove the last part: it follows from "mode"',
};

function missingPartner(key: string, partner: string): Finding {
  return {
    path: ['webhook', key],
    value: `nothing, though "${partner}" is set`,
    allowed: '"channel" and "to" together, or neither',
    fix: `Add "${key}", or remove "${partner}"`,
  };
}
