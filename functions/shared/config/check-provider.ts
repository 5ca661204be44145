import type { Problem } from './problems.ts';
import { isRecord, objectAt, type Raw } from './raw.ts';
import type { Path } from './schema-walk.ts';
import { scopeOf, secretFix, type Site, storeCommand, suggestedName } from './site.ts';

/** A problem whose place is still a path within the agent. */
export interface Finding extends Omit<Problem, 'key'> {
  path: Path;
}

type Block = 'sync' | 'backup';

/** The keys without which a provider's block is of no use. */
const neededKeys = {
  s3: ['bucket'],
  dropbox: ['token'],
  gdrive: ['token'],
  // rclone looks for no drive by itself.
  onedrive: ['token', 'driveId'],
  custom: ['rcloneType'],
} as const;

/** rclone's own word for the providers that want a token. */
const backends = { dropbox: 'dropbox', gdrive: 'drive', onedrive: 'onedrive' };

/** Whether the chosen provider's block is there and says enough. */
export function checkProvider(block: Block, provider: unknown, raw: Raw, site: Site): Finding[] {
  if (!isProvider(provider)) return [];
  const settings = raw[provider] ?? {};
  if (!isRecord(settings)) return [];
  return neededKeys[provider]
    .filter((key) => settings[key] === undefined)
    .map((key) => {
      const path = [block, provider, key];
      return {
        path,
        value: 'nothing',
        allowed: `"${provider}": { "${key}": … } beside "provider": "${provider}"`,
        fix: key === 'driveId' ? driveFix : fixes[provider](path, site),
      };
    });
}

const driveFix =
  'Run `rclone config create onedrive onedrive` on a computer with a browser, choose the drive, and ' +
  'copy drive_id and drive_type of `rclone config show onedrive` into "driveId" and "driveType"';

/** Whether a value is a provider that has a block. */
export function isProvider(value: unknown): value is keyof typeof neededKeys {
  return typeof value === 'string' && Object.hasOwn(neededKeys, value);
}

const fixes: Record<keyof typeof neededKeys, (path: Path, site: Site) => string> = {
  s3: () => 'Add "s3": { "bucket": "<name>", "region": "<region>" }',
  dropbox: tokenFix('dropbox'),
  gdrive: tokenFix('gdrive'),
  onedrive: tokenFix('onedrive'),
  custom: () => 'Add "custom": { "rcloneType": "sftp", "rcloneOptions": { "host": "<host>" } }',
};

function tokenFix(provider: keyof typeof backends): (path: Path, site: Site) => string {
  return (path, site) => {
    const name = suggestedName(path);
    const command = storeCommand(site.deployment, site.agent, scopeOf(path), [name]);
    return [
      `Add "${provider}": { "token": "\${${name}}" } to this block.`,
      `Run \`rclone authorize ${backends[provider]}\` on a computer with a browser and store the`,
      `token that it prints (the plugin’s setup kept it on the gateway) with: ${command}`,
    ].join(' ');
  };
}

/** An access key without its secret, or the other way round. */
export function checkKeyPair(block: Block, raw: Raw, site: Site): Finding[] {
  const s3 = objectAt(raw, 's3');
  const keys = ['accessKeyId', 'secretAccessKey'] as const;
  const absent = keys.filter((key) => s3[key] === undefined);
  const [missing] = absent;
  if (missing === undefined || absent.length === 2) return [];
  const path = [block, 's3', missing];
  return [
    {
      path,
      value: 'nothing, though the other of the pair is set',
      allowed: '"accessKeyId" and "secretAccessKey" together, or neither (the function’s own role)',
      fix: missing === 'secretAccessKey' ? secretFix(site, path) : 'Add "accessKeyId"',
    },
  ];
}
