import * as z from 'zod';
import { credentialsOf, flag, folderInside, notes, patterns, wholeMinutes } from './fields.ts';
import { normalRemotePath, staysInside } from './paths.ts';
import { providerBlocks, providers } from './providers.ts';

/** Ways to keep workspace and cloud folder in step. */
export const modes = ['mailbox', 'mirror', 'bisync'] as const;
export type SyncMode = (typeof modes)[number];

const added = { added: true };

const what = {
  provider: z
    .enum(providers)
    .default('off')
    .meta(notes('Where the cloud folder is. `off`: no cloud folder; drops still arrive.')),
  mode: z
    .enum(modes)
    .optional()
    .meta(
      notes(
        'Required unless the provider is `off`. `mailbox` makes the cloud folder what the workspace ' +
          'is, and drains `_outbox` into `_inbox`; `mirror` makes the workspace what the cloud ' +
          'folder is, and changes nothing there; `bisync` carries the changes of either side to ' +
          'the other, and begins with a resync that somebody asks for.',
      ),
    ),
  remotePath: z
    .string()
    .refine(staysInside)
    .transform(normalRemotePath)
    .default('openclaw-share')
    .meta(
      notes('Folder in the cloud storage. "" is its root.', {
        allowed: 'a path without "..", or "" for the root of the cloud storage',
      }),
    ),
  localPath: folderInside.default('shared').meta(
    notes('Folder of the workspace that is synchronised. "/", "." and "" mean all of it.', {
      allowed:
        'a path relative to the workspace without ".." or backslash and outside of its reserved ' +
        'folders (_inbox, _outbox, .trash, .quarantine, .restored, .workspace-sync), or "/" for all of it',
    }),
  ),
  exclude: patterns.default(['**/.DS_Store']).meta(
    notes('What is left out, on both sides, as patterns in rclone filter syntax.', {
      allowed: 'a list of patterns such as ["*.log", "node_modules/**"]',
    }),
  ),
  copySymlinks: flag(false, 'Follow symbolic links and copy what they point to.'),
};

const when = {
  interval: z
    .number()
    .refine((seconds) => seconds === 0 || seconds >= 60)
    .transform(wholeMinutes)
    .default(0)
    .meta(
      notes('Seconds between runs, rounded up to whole minutes. 0 means only when asked.', {
        allowed: '0, or a number of seconds from 60',
      }),
    ),
  timeout: z
    .number()
    .min(60)
    .default(1800)
    .meta(
      notes('Seconds that one run may take, over all its legs.', {
        allowed: 'a number of seconds from 60',
      }),
    ),
  onSessionStart: flag(false, 'Synchronise when a session of the agent begins.'),
  onSessionEnd: flag(false, 'Synchronise when a session of the agent ends.'),
};

const mailbox = {
  notifyOnInbox: flag(
    false,
    'Tell the agent through the webhook when files arrive in `_inbox`. Each notification costs ' +
      'the agent a turn.',
  ),
  settle: z
    .number()
    .min(0)
    .max(60)
    .default(5)
    .meta(notes('Seconds that a file in `_outbox` must be unchanged before it is taken.', added)),
  maxDropBytes: z
    .int()
    .min(1)
    .default(10_737_418_240)
    .meta(
      notes('Bytes of the largest file that is delivered; larger ones are quarantined.', added),
    ),
};

const guards = {
  maxDeletePercent: z
    .number()
    .min(0)
    .max(100)
    .default(50)
    .meta(
      notes(
        'A run that would delete more than this share of the files of a side, in percent, and ' +
          'more than `maxDeleteFiles`, is blocked before it changes anything.',
        added,
      ),
    ),
  maxDeleteFiles: z
    .int()
    .min(0)
    .default(10)
    .meta(notes('Number of files that a run may delete whatever their share.', added)),
  trash: flag(
    true,
    'Keep what a run deletes or overwrites under `.trash/<date>/<run>` of the side where it does so. ' +
      'A pull into the deployment’s own bucket needs none: that keeps older versions for 30 days.',
    added,
  ),
};

const otherModes = {
  ingest: flag(
    false,
    'Mode `mirror` only: after each pull, copy up the files of `ingestPath` that the cloud folder ' +
      'does not have. Nothing is replaced or deleted there: a file that was changed after it had been ' +
      'copied is not sent again, and the report names it.',
  ),
  ingestPath: folderInside.default('inbox').meta(
    notes(
      'Mode `mirror` only: the folder that `ingest` copies up, to the same name in the cloud ' +
        'folder. It lies beside the folder of `localPath`, or in the workspace where `localPath` is ' +
        'all of it; then the mirror leaves that folder alone on both sides.',
      {
        allowed:
          'a path relative to the workspace without ".." or backslash and outside of its reserved folders',
      },
    ),
  ),
  conflictResolve: z
    .enum(['newer', 'local', 'remote'])
    .default('newer')
    .meta(
      notes(
        'Mode `bisync` only: whose version of a file keeps the name when both sides have changed ' +
          'it; the other is kept beside it, as `<name>.conflict1`, on both sides. `local` is the ' +
          'workspace, `remote` the cloud folder. `newer` goes by the times that both show, which on ' +
          'S3 are those of the upload; where a side keeps no times that can be compared (plain ' +
          'WebDAV, FTP) the cloud folder wins, with a warning. In a resync the other version ' +
          'goes to the trash instead.',
      ),
    ),
  checkAccess: flag(
    false,
    'Mode `bisync` only: change nothing unless a file `RCLONE_TEST` lies on both sides, as proof that ' +
      'both are the right folders and can be read. A resync puts it into the root of each.',
    added,
  ),
};

const plugin = {
  verbose: flag(false, 'Log more.'),
  remoteName: z
    .string()
    .default('cloud')
    .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
  configPath: z
    .string()
    .optional()
    .meta(notes('Accepted from the plugin’s configuration; it has no effect here.')),
};

const fields = {
  ...what,
  credentialsOf,
  ...when,
  ...mailbox,
  ...guards,
  ...otherModes,
  ...plugin,
  ...providerBlocks,
};

/** Every key of the block: in the flat form they stand at the root of the file. */
export const syncKeys: readonly string[] = Object.keys(fields);

/** The `sync` block: keys, defaults and limits of the original plugin, and a few of our own. */
export const syncSchema = z
  .strictObject(fields)
  .transform((sync) => ({ ...sync, remotePath: pathFor(sync.provider, sync.remotePath) }))
  .meta(notes('What is synchronised, with which cloud folder, and when.'));

/** Only backends of `custom` tell an absolute path from a relative one. */
function pathFor(provider: string, remotePath: string): string {
  return provider === 'custom' ? remotePath : remotePath.replace(/^\//, '');
}

export type SyncConfig = z.output<typeof syncSchema>;

/** Whole minutes between scheduled runs; 0 where there is no schedule. */
export function intervalMinutes(sync: Pick<SyncConfig, 'interval'>): number {
  return Math.ceil(sync.interval / 60);
}

/**
 * The folder of the workspace that `ingest` copies up: beside the synchronised folder, or in it where
 * that is the whole workspace.
 */
export function ingestFolder({
  localPath,
  ingestPath,
}: Pick<SyncConfig, 'localPath' | 'ingestPath'>): string {
  return localPath.slice(0, localPath.lastIndexOf('/') + 1) + ingestPath;
}
