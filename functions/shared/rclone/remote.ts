import { WorkspaceSyncError } from '../errors.ts';

/** One remote as rclone knows it: a section of its config file and a place inside it. */
export interface Remote {
  /** Section name. */
  name: string;
  /** Options of the section, `type` among them; values are secrets as often as not. */
  options: Record<string, string>;
  /** Folder that the project works in, without leading or trailing slash. */
  root: string;
  /** Whether names that differ only in case are the same file there. */
  caseInsensitive: boolean;
  /** Whether it keeps an MD5 of each file, as S3 does, so that both can be compared by it. */
  keepsMd5: boolean;
  /** Whether its listings have a hash of each file, at no further cost. */
  listsHashes: boolean;
  /** Flags that every command to this remote needs. */
  flags: string[];
}

/** The parts of a `sync` or `backup` block that name a remote, with its secrets resolved. */
export interface ProviderSettings {
  provider: 'off' | 'dropbox' | 'gdrive' | 'onedrive' | 's3' | 'custom';
  remotePath: string;
  s3?: S3Settings | undefined;
  dropbox?:
    | { appKey?: string | undefined; appSecret?: string | undefined; token?: string | undefined }
    | undefined;
  gdrive?:
    | {
        clientId?: string | undefined;
        clientSecret?: string | undefined;
        token?: string | undefined;
        teamDrive?: string | undefined;
        rootFolderId?: string | undefined;
      }
    | undefined;
  onedrive?:
    | {
        clientId?: string | undefined;
        clientSecret?: string | undefined;
        token?: string | undefined;
        driveId?: string | undefined;
        driveType?: string | undefined;
      }
    | undefined;
  custom?:
    | { rcloneType?: string | undefined; rcloneOptions?: Record<string, string> | undefined }
    | undefined;
}

interface S3Settings {
  endpoint?: string | undefined;
  bucket?: string | undefined;
  region?: string | undefined;
  accessKeyId?: string | undefined;
  secretAccessKey?: string | undefined;
}

/** Where this runtime's own buckets are reached. */
export interface S3Access {
  /** rclone's name of the S3 implementation: `AWS`, or `Other`. */
  provider: string;
  region: string;
  endpoint?: string | undefined;
}

/** Backends on which `A.txt` and `a.txt` are one file. */
const caseInsensitiveTypes = new Set([
  'dropbox',
  'onedrive',
  'box',
  'sharefile',
  'zoho',
  'pcloud',
  'smb',
  'azurefiles',
  'filefabric',
  'filescom',
  'jottacloud',
  'koofr',
  'mailru',
  'opendrive',
  'premiumizeme',
  'yandex',
]);

/** Backends that send a hash with each entry of a listing: S3 and others would be asked file by file. */
const typesWithHashes = new Set(['dropbox', 'drive', 'onedrive', 'box', 'pcloud', 'b2']);

/**
 * The cloud folder as an rclone remote.
 * @throws RemoteError for `off`, and where a block that the config schema requires is missing.
 */
export function cloudRemote(name: string, settings: ProviderSettings, own: S3Access): Remote {
  // Only backends of `custom` tell an absolute path from a relative one.
  const root =
    settings.provider === 'custom'
      ? settings.remotePath.replace(/(?<=.)\/+$/, '')
      : trimSlashes(settings.remotePath);
  switch (settings.provider) {
    case 'dropbox':
      // Dropbox answers more than a dozen requests a second with waits of minutes; batches in mode
      // async would report success before the files are there.
      return remote(name, root, ['--tpslimit=12', '--tpslimit-burst=12'], {
        type: 'dropbox',
        client_id: settings.dropbox?.appKey,
        client_secret: settings.dropbox?.appSecret,
        token: settings.dropbox?.token,
        batch_mode: 'sync',
      });
    case 'gdrive':
      return remote(name, root, [], {
        type: 'drive',
        scope: 'drive',
        client_id: settings.gdrive?.clientId,
        client_secret: settings.gdrive?.clientSecret,
        token: settings.gdrive?.token,
        team_drive: settings.gdrive?.teamDrive,
        root_folder_id: settings.gdrive?.rootFolderId,
        // Google's own documents have no bytes: neither size nor content to compare or deliver.
        skip_gdocs: 'true',
        // What a shortcut leads to lies elsewhere: a delete would reach beyond the cloud folder.
        skip_shortcuts: 'true',
        // Where there is no room, or the day's limit is reached, no further file is tried.
        stop_on_upload_limit: 'true',
      });
    case 'onedrive':
      return remote(name, root, [], {
        type: 'onedrive',
        client_id: settings.onedrive?.clientId,
        client_secret: settings.onedrive?.clientSecret,
        token: settings.onedrive?.token,
        drive_id: settings.onedrive?.driveId,
        drive_type: settings.onedrive?.driveType ?? 'personal',
      });
    case 's3':
      return s3CloudRemote(name, root, settings.s3 ?? {}, own);
    case 'custom':
      return customRemote(name, root, settings.custom);
    case 'off':
      throw new RemoteError('provider "off" has no remote');
  }
}

/** An S3 prefix in one of the deployment's own buckets, by the function's role. */
export function ownBucketRemote(
  name: string,
  bucket: string,
  prefix: string,
  own: S3Access,
): Remote {
  return remote(name, `${bucket}/${trimSlashes(prefix)}`, s3Flags, {
    type: 's3',
    env_auth: 'true',
    no_check_bucket: 'true',
    ...s3Location(own),
  });
}

/** Any rclone backend with its options as they would stand in `rclone.conf`. */
export function customRemote(
  name: string,
  root: string,
  custom: ProviderSettings['custom'],
): Remote {
  if (!custom?.rcloneType) throw new RemoteError('provider "custom" needs custom.rcloneType');
  return remote(name, root, [], {
    ...ownDefaults[custom.rcloneType],
    ...custom.rcloneOptions,
    type: custom.rcloneType,
  });
}

/**
 * Options that serve better than rclone's own defaults, unless the operator sets them: on WebDAV it
 * waits 10 ms between any two requests, which alone would make a cycle several times longer.
 */
const ownDefaults: Record<string, Record<string, string> | undefined> = {
  webdav: { pacer_min_sleep: '1ms' },
};

/**
 * Backends that wait for as long as their provider asks, and tell of it in the log for debugging
 * only: without it nobody would know why nothing happens.
 */
const silentWaiters = new Set([
  'onedrive',
  'b2',
  'huaweidrive',
  'imagekit',
  'internxt',
  'putio',
  'seafile',
  'zoho',
]);

/** A folder of this machine, such as a mounted file system. Links are followed only on request. */
export function folderRemote(name: string, root: string, copySymlinks = false): Remote {
  return remote(name, root, [copySymlinks ? '--copy-links' : '--skip-links'], { type: 'local' });
}

/** Parts of 8 MiB are the knee: larger ones cost memory and gain no time. */
const s3Flags = ['--s3-upload-cutoff=16Mi', '--s3-chunk-size=8Mi', '--s3-no-head'];

function s3CloudRemote(name: string, root: string, s3: S3Settings, own: S3Access): Remote {
  const bucket = s3.bucket ?? '';
  const ownKeys = s3.accessKeyId !== undefined;
  return remote(name, root === '' ? bucket : `${bucket}/${root}`, s3Flags, {
    type: 's3',
    env_auth: ownKeys ? undefined : 'true',
    access_key_id: s3.accessKeyId,
    secret_access_key: s3.secretAccessKey,
    no_check_bucket: 'true',
    ...(s3.endpoint
      ? s3Location({
          provider: s3Provider(s3.endpoint),
          region: s3.region ?? '',
          endpoint: s3.endpoint,
        })
      : s3Location({ ...own, region: s3.region ?? own.region })),
  });
}

/** Makers of S3 that rclone knows how to treat, by the hosts of their endpoints. */
const s3Makers: [host: RegExp, provider: string][] = [
  [/\.amazonaws\.com(\.cn)?$/, 'AWS'],
  [/\.r2\.cloudflarestorage\.com$/, 'Cloudflare'],
  [/\.digitaloceanspaces\.com$/, 'DigitalOcean'],
  [/\.wasabisys\.com$/, 'Wasabi'],
  [/\.scw\.cloud$/, 'Scaleway'],
  [/\.your-objectstorage\.com$/, 'Hetzner'],
  [/^storage\.googleapis\.com$/, 'GCS'],
];

/** rclone's provider name for an endpoint; `Other` speaks to any S3 without its maker's extras. */
function s3Provider(endpoint: string): string {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : endpoint;
  return s3Makers.find(([pattern]) => pattern.test(host))?.[1] ?? 'Other';
}

function s3Location({ provider, region, endpoint }: S3Access): Record<string, string | undefined> {
  return { provider, region, endpoint };
}

function remote(
  name: string,
  root: string,
  flags: string[],
  given: Record<string, string | undefined>,
): Remote {
  const options = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  const type = options['type'] ?? '';
  return {
    name,
    options,
    root,
    caseInsensitive: caseInsensitiveTypes.has(type),
    keepsMd5: ['s3', 'drive'].includes(type),
    listsHashes: typesWithHashes.has(type),
    flags: silentWaiters.has(type) ? [...flags, '-v'] : flags,
  };
}

/**
 * A folder of the remote, as a command's argument. The slash at its end spares the question whether
 * it is a file; the root of a remote is named without, because some backends would take the slash
 * for the root of the machine.
 */
export function remoteFolder(place: Remote, ...segments: string[]): string {
  return remotePath(place, ...segments).replace(/(?<=[^:/])$/, '/');
}

/** A path of the remote, as a command's argument. This machine's folders need no section. */
export function remotePath({ name, options, root }: Remote, ...segments: string[]): string {
  const path = [root, ...segments].filter((segment) => segment !== '').join('/');
  const isFolder = options['type'] === 'local' && Object.keys(options).length === 1;
  return `${isFolder ? ':local' : name}:${path}`;
}

/**
 * The text of an `rclone.conf` with these remotes.
 * @throws RemoteError for a value that would break out of its line.
 */
export function rcloneConfig(remotes: Remote[]): string {
  return remotes.map(section).join('\n');
}

function section({ name, options }: Remote): string {
  const lines = Object.entries(options).map(([key, value]) => {
    if (/[\r\n\0]/.test(key + value) || !/^[\w-]+$/.test(key)) {
      throw new RemoteError(`option ${JSON.stringify(key)} of remote "${name}" holds a line break`);
    }
    if (/%\([^)]+\)s/.test(value)) {
      const problem = 'holds %(…)s, which rclone replaces by another option';
      throw new RemoteError(`option "${key}" of remote "${name}" ${problem}`);
    }
    return `${key} = ${quoted(value)}`;
  });
  return [`[${name}]`, ...lines, ''].join('\n');
}

/** rclone takes quotes off that a value begins with, and spaces; backticks keep all of it. */
function quoted(value: string): string {
  return /^`|^"""|^\s|\s$/.test(value) ? `\`${value}\`` : value;
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

/** A remote cannot be described from the configuration. */
export class RemoteError extends WorkspaceSyncError {
  constructor(problem: string) {
    super(`The remote cannot be configured: ${problem}.`, { code: 'remote', retryable: false });
  }
}
