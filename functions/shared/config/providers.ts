import * as z from 'zod';
import { flag, identifier, notes, rcloneOptions, rcloneType, secret } from './fields.ts';
import { holdsSecret } from './secret-options.ts';

/** The kinds of cloud folder. */
export const providers = ['off', 'dropbox', 'gdrive', 'onedrive', 's3', 'custom'] as const;
export type Provider = (typeof providers)[number];

const authorize = (backend: string): string =>
  `The token that \`rclone authorize ${backend}\` prints, as a reference to the secret.`;

/** Marks a key that the original plugin does not have. */
function added<T extends z.ZodType>(key: T): T {
  return key.meta({ ...key.meta(), added: true });
}

/** The keys of an OAuth app of one's own. */
function ownApp(
  of: string,
  remark = '',
): Record<'clientId' | 'clientSecret', z.ZodOptional<z.ZodString>> {
  const same = 'The token must have been made with it.';
  return {
    clientId: added(identifier(`Client id of your own ${of}. ${same}${remark}`)),
    clientSecret: added(secret(`Client secret of your own ${of}, as a reference.`)),
  };
}

const s3 = z.strictObject({
  endpoint: z
    .string()
    .regex(/^(?!.*@)\S*$/)
    .refine((url) => !holdsSecret(url))
    .default('')
    .meta(
      notes('Endpoint of an S3 that is not Amazon’s. Empty means AWS.', {
        allowed: 'a URL such as "https://minio.example.com", without user name or token, or ""',
        hidden: true,
      }),
    ),
  bucket: z.string().min(1).optional().meta(notes('Name of the bucket.')),
  region: z.string().min(1).optional().meta(notes('Region of the bucket.')),
  accessKeyId: identifier('Access key. Without keys the function’s own role is used.'),
  secretAccessKey: secret('Secret access key, as a reference to the secret.'),
});

const dropbox = z.strictObject({
  appFolder: flag(
    false,
    'The token is for an app that sees its own folder only. Then `remotePath` is usually "".',
  ),
  appKey: identifier('Key of your own Dropbox app.'),
  appSecret: secret('Secret of your own Dropbox app, as a reference.'),
  token: secret(authorize('dropbox')),
});

const gdrive = z.strictObject({
  token: secret(authorize('drive')),
  ...ownApp(
    'Google Cloud project',
    ' Without one, rclone’s is used, which is retired during 2026.',
  ),
  teamDrive: z.string().optional().meta(notes('Id of a shared drive. Absent for My Drive.')),
  rootFolderId: z.string().optional().meta(notes('Id of the folder that counts as the root.')),
});

const onedrive = z.strictObject({
  token: secret(authorize('onedrive')),
  ...ownApp('app at Microsoft'),
  driveId: z
    .string()
    .optional()
    .meta(
      notes('Id of the drive, `drive_id` of `rclone config show`. Required with "onedrive".', {
        allowed: 'the id that `rclone config create onedrive onedrive` finds out',
      }),
    ),
  driveType: z
    .enum(['personal', 'business', 'sharepoint'])
    .optional()
    .meta(notes('Kind of the drive, `drive_type` of `rclone config show`. Absent: personal.')),
});

const custom = z.strictObject({
  rcloneType: rcloneType.optional().meta(
    notes('Backend of rclone: sftp, b2, webdav, … Required with provider "custom".', {
      allowed: 'the name of an rclone backend, such as "sftp" or "b2"',
    }),
  ),
  rcloneOptions: rcloneOptions.meta({
    ...rcloneOptions.meta(),
    description:
      'Options of the backend, by the names and with the values that they have in `rclone.conf`. ' +
      'They stay as they are: a password is written obscured, as it stands there (`rclone obscure` ' +
      'makes one). Secret ones (passwords, tokens, keys) must be references.',
  }),
});

/** The provider blocks, which `sync` and `backup` have in common. */
export const providerBlocks = {
  s3: s3.optional().meta(notes('S3, R2, MinIO and the like.')),
  dropbox: dropbox.optional().meta(notes('Dropbox.')),
  gdrive: gdrive.optional().meta(notes('Google Drive.')),
  onedrive: onedrive.optional().meta(notes('OneDrive and SharePoint.')),
  custom: custom.optional().meta(notes('Any other backend of rclone.')),
};

export type S3Config = z.output<typeof s3>;
export type DropboxConfig = z.output<typeof dropbox>;
export type GdriveConfig = z.output<typeof gdrive>;
export type OnedriveConfig = z.output<typeof onedrive>;
export type CustomConfig = z.output<typeof custom>;
