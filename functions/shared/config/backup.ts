import * as z from 'zod';
import { flag, notes, patterns, secret } from './fields.ts';
import { normalRemotePath, staysInside } from './paths.ts';
import { providerBlocks, providers } from './providers.ts';

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

/** The `backup` block. */
export const backupSchema = z
  .strictObject({
    enabled: flag(false, 'Take snapshots on a schedule.'),
    provider: z
      .enum(providers)
      .exclude(['off'])
      .optional()
      .meta(notes('Where snapshots are kept. By default the provider of `sync`.')),
    remotePath: z
      .string()
      .refine(staysInside)
      .transform(normalRemotePath)
      .optional()
      .meta(
        notes('Folder in the storage under which snapshots are kept.', {
          allowed: 'a path without ".."',
        }),
      ),
    bucket: z
      .string()
      .min(1)
      .optional()
      .meta(notes('Bucket for snapshots; short for `s3.bucket`.')),
    prefix: z.string().default('').meta(notes('Prefix of the snapshots’ names in the storage.')),
    interval: z
      .number()
      .min(0)
      .transform((seconds) => Math.max(seconds, minimumBackupInterval))
      .default(86_400)
      .meta(
        notes('Seconds between snapshots; less than 300 is raised to 300.', {
          allowed: 'a number of seconds',
        }),
      ),
    encrypt: flag(false, 'Encrypt snapshots before they leave the function.'),
    passphrase: secret('Passphrase of the snapshots, as a reference. Required with `encrypt`.'),
    include: z
      .array(z.enum(backupItems))
      .default(['workspace', 'config', 'cron', 'memory'])
      .meta(
        notes('What a snapshot holds.', {
          allowed: `a list of ${backupItems.map((item) => `"${item}"`).join(', ')}`,
        }),
      ),
    retain: z
      .union([z.int().min(1), tiers])
      .default(7)
      .meta(
        notes('How many snapshots to keep: the newest ones, or so many per period.', {
          allowed: retainAllowed,
        }),
      ),
    exclude: patterns.optional().meta(
      notes('What snapshots leave out. By default what `sync` excludes.', {
        allowed: 'a list of patterns such as ["*.log", "node_modules/**"]',
      }),
    ),
    remoteName: z
      .string()
      .default('backup')
      .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
    configPath: z
      .string()
      .optional()
      .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
    ...providerBlocks,
  })
  .meta(notes('Snapshots of the workspace and of the agent’s state.'));

export type BackupConfig = z.output<typeof backupSchema>;
