import * as z from 'zod';
import { credentialsOf, flag, notes, patterns, secret, wholeMinutes } from './fields.ts';
import { normalRemotePath, staysInside } from './paths.ts';
import { providerBlocks, providers } from './providers.ts';
import { publicKeyFault } from './public-key.ts';
import { isTimeZone } from './time-zone.ts';

/** What a snapshot can hold. */
export const backupItems = [
  'workspace',
  'config',
  'cron',
  'memory',
  'sessions',
  'credentials',
  'skills',
  'hooks',
  'extensions',
  'env',
  'agents',
  'pages',
  'transcripts',
] as const;

/** Seconds below which no backup is scheduled; less is raised to this. */
export const minimumBackupInterval = 300;

/** Seconds below which no verification is scheduled: each reads a whole snapshot. */
export const minimumVerifyInterval = 3600;

const slots = (unit: string): z.ZodOptional<z.ZodInt> =>
  z
    .int()
    .min(0)
    .optional()
    .meta(notes(`Newest snapshots to keep, one per ${unit}.`));

const tiers = z
  .strictObject({
    last: z.int().min(0).optional().meta(notes('Newest snapshots to keep, whatever their age.')),
    hourly: slots('hour'),
    daily: slots('day'),
    weekly: slots('week'),
    monthly: slots('month'),
    yearly: slots('year'),
    within: z
      .string()
      .regex(/^(?:[1-9]\d*[hdwmy])+$/)
      .optional()
      .meta(
        notes('Keep every snapshot younger than this.', {
          allowed: 'a duration such as "14d" (h hours, d days, w weeks, m months, y years)',
        }),
      ),
  })
  .refine((policy) => Object.values(policy).some((value) => value !== undefined && value !== 0), {
    message: 'keeps nothing',
  });

const retainAllowed =
  'a whole number from 1, or an object such as { "daily": 7, "weekly": 4 } that keeps something';

const added = { added: true };

const where = {
  provider: z
    .enum(providers)
    .exclude(['off'])
    .optional()
    .meta(
      notes(
        'Where snapshots are kept. By default the provider of `sync`, with its block and ' +
          'credentials where `backup` has none of its own; without a cloud folder `s3`. `s3` ' +
          'without bucket, keys and endpoint is the deployment’s own snapshot bucket.',
      ),
    ),
  remotePath: z
    .string()
    .refine(staysInside)
    .transform(normalRemotePath)
    .optional()
    .meta(
      notes(
        'Folder in the storage under which snapshots are kept. By default `openclaw-backups` where ' +
          'the block of `sync` is used and it is not S3, and the root of the storage otherwise. It ' +
          'cannot lie in the folder that `sync` keeps in step: a push would delete the snapshots.',
        { allowed: 'a path without ".."' },
      ),
    ),
  bucket: z.string().min(1).optional().meta(notes('Bucket for snapshots; short for `s3.bucket`.')),
  prefix: z
    .string()
    .refine(staysInside)
    .default('')
    .meta(
      notes(
        'Folder below `remotePath`, such as `agent-name/`. In the deployment’s own bucket every ' +
          'agent has a folder of its name anyway.',
        { allowed: 'a path without ".."' },
      ),
    ),
};

const credentials = { credentialsOf };

const when = {
  interval: z
    .number()
    .min(0)
    .transform((seconds) => wholeMinutes(Math.max(seconds, minimumBackupInterval)))
    .default(86_400)
    .meta(
      notes(
        'Seconds between snapshots, rounded up to whole minutes; less than 300 is raised to 300.',
        { allowed: 'a number of seconds' },
      ),
    ),
  timeout: z
    .number()
    .min(60)
    .default(21_600)
    .meta(
      notes('Seconds that one snapshot may take, over all its legs.', {
        allowed: 'a number of seconds from 60',
        ...added,
      }),
    ),
  verifyInterval: z
    .number()
    .refine((seconds) => seconds === 0 || seconds >= minimumVerifyInterval)
    .transform(wholeMinutes)
    .default(604_800)
    .meta(
      notes(
        'Seconds between verifications, which read the newest snapshot back in full; rounded up to ' +
          'whole minutes. 0 means only when asked.',
        { allowed: '0, or a number of seconds from 3600', ...added },
      ),
    ),
};

const encryption = {
  encrypt: flag(
    false,
    'Encrypt snapshots before they leave the function. Needs `passphrase`, `kmsKeyArn` or ' +
      '`publicKey`; with several, any one of them opens a snapshot.',
  ),
  passphrase: secret(
    'Passphrase of the snapshots, as a reference. It has a secret entry of its own, ' +
      '`…/passphrase`, which the functions that only list and prune cannot read.',
  ),
  kmsKeyArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/)
    .optional()
    .meta(
      notes('KMS key that opens the snapshots. An alias will not do: it can be moved.', {
        allowed:
          'an ARN such as "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
        ...added,
      }),
    ),
  publicKey: z
    .string()
    .superRefine((text, context) => {
      const fault = publicKeyFault(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .optional()
    .meta(
      notes(
        'RSA public key, as PEM. Where it is the only key, the deployment cannot read its own ' +
          'snapshots: who has the private key can.',
        {
          allowed:
            'the PEM text of an RSA public key of at least 2048 bits, "-----BEGIN PUBLIC ' +
            'KEY-----\\n…", with \\n for line breaks',
          hidden: true,
          ...added,
        },
      ),
    ),
};

const what = {
  include: z
    .array(z.enum(backupItems))
    .default(['workspace', 'config', 'cron', 'memory'])
    .meta(
      notes('What a snapshot holds.', {
        allowed: `a list of ${backupItems.map((item) => `"${item}"`).join(', ')}`,
      }),
    ),
  exclude: patterns.optional().meta(
    notes('What snapshots leave out. By default what `sync` excludes.', {
      allowed: 'a list of patterns such as ["*.log", "node_modules/**"]',
    }),
  ),
};

const retention = {
  retain: z
    .union([z.int().min(1), tiers])
    .default(7)
    .meta(
      notes('How many snapshots to keep: the newest ones, or so many per period.', {
        allowed: retainAllowed,
      }),
    ),
  timeZone: z
    .string()
    .refine(isTimeZone)
    .default('UTC')
    .meta(
      notes('Time zone in which the days, weeks, months and years of `retain` begin.', {
        allowed: 'a name of the IANA time zone database, such as "Europe/Berlin"',
        ...added,
      }),
    ),
  anomalyPercent: z
    .number()
    .min(0)
    .max(100)
    .default(50)
    .meta(
      notes(
        'When more than this share of the files, in percent, changed or vanished since the last ' +
          'snapshot, the new one is flagged and nothing is pruned until somebody confirms. 100 ' +
          'switches that off.',
        added,
      ),
    ),
};

const plugin = {
  remoteName: z
    .string()
    .default('backup')
    .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
  configPath: z
    .string()
    .optional()
    .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
};

/** The `backup` block: keys, defaults and limits of the original plugin, and a few of our own. */
export const backupSchema = z
  .strictObject({
    enabled: flag(false, 'Take snapshots on a schedule.'),
    ...where,
    ...credentials,
    ...when,
    ...encryption,
    ...what,
    ...retention,
    ...plugin,
    ...providerBlocks,
  })
  .meta(notes('Snapshots of the workspace and of the agent’s state.'));

export type BackupConfig = z.output<typeof backupSchema>;
