import type { Provider } from '../../functions/shared/config/index.ts';
import type { LocalSession } from '../aws/target.ts';
import type { Blocks } from './file.ts';
import { type Interview, matching } from './interview.ts';

/** Asks for what a provider needs; secrets are references. */
export async function providerBlock(
  interview: Interview,
  provider: Exclude<Provider, 'off'>,
  session: LocalSession | undefined,
): Promise<Blocks> {
  switch (provider) {
    case 'dropbox': {
      const message = 'Key of your own Dropbox app (empty: use rclone’s):';
      const appKey = await interview.text('clientId', message, { initial: '' });
      const own = appKey === '' ? {} : { appKey, appSecret: '${DROPBOX_APP_SECRET}' };
      const appFolder = interview.answers.appFolder ?? false;
      return { ...own, ...(appFolder ? { appFolder } : {}), token: '${DROPBOX_TOKEN}' };
    }
    case 'gdrive': {
      const message =
        'Client id of your own Google Cloud project (empty: use rclone’s, retired in 2026):';
      const clientId = await interview.text('clientId', message, { initial: '' });
      const own = clientId === '' ? {} : { clientId, clientSecret: '${GDRIVE_CLIENT_SECRET}' };
      return { ...own, token: '${GDRIVE_TOKEN}' };
    }
    case 'onedrive': {
      const driveId = await interview.text(
        'driveId',
        'Id of the drive (drive_id of "rclone config show"):',
      );
      const { driveType = 'personal', clientId } = interview.answers;
      const own = clientId ? { clientId, clientSecret: '${ONEDRIVE_CLIENT_SECRET}' } : {};
      return { ...own, driveId, driveType, token: '${ONEDRIVE_TOKEN}' };
    }
    case 's3':
      return s3Block(interview);
    case 'custom':
      return session && !interview.answers.rcloneType
        ? localBlock(session)
        : customBlock(interview);
  }
}

async function s3Block(interview: Interview): Promise<Blocks> {
  const endpoint = await interview.text('endpoint', 'Endpoint (empty: Amazon’s own S3):', {
    initial: '',
  });
  const bucket = await interview.text('bucket', 'Bucket:');
  const region = await interview.text('s3Region', 'Region (empty: the deployment’s):', {
    initial: '',
  });
  return {
    ...(endpoint === '' ? {} : { endpoint }),
    bucket,
    ...(region === '' ? {} : { region }),
    ...(endpoint === ''
      ? {}
      : { accessKeyId: '${S3_ACCESS_KEY_ID}', secretAccessKey: '${S3_SECRET_ACCESS_KEY}' }),
  };
}

function localBlock({ cloudUrl, cloudUser = 'human' }: LocalSession): Blocks {
  const rcloneOptions = {
    url: cloudUrl,
    vendor: 'other',
    user: cloudUser,
    pass: '${CLOUD_PASSWORD}',
  };
  return { rcloneType: 'webdav', rcloneOptions };
}

async function customBlock(interview: Interview): Promise<Blocks> {
  const rcloneType = await interview.text(
    'rcloneType',
    'Backend of rclone (webdav, sftp, b2, …):',
    {
      check: matching(/^[a-z0-9][a-z0-9 _-]*$/, 'the name of an rclone backend'),
    },
  );
  const given = interview.answers.rcloneOptions;
  if (given) return { rcloneType, rcloneOptions: given };
  const asked = common[rcloneType] ?? [];
  const options: Record<string, string> = {};
  for (const [option, message, initial] of asked) {
    options[option] = await interview.text(
      'rcloneOptions',
      message,
      initial === undefined ? {} : { initial },
    );
  }
  if (asked.length > 0) options['pass'] = '${CLOUD_PASSWORD}';
  return { rcloneType, rcloneOptions: options };
}

/** What the two backends need that most people mean; others are told by `rcloneOptions`. */
const common: Record<string, [option: string, message: string, initial?: string][] | undefined> = {
  webdav: [
    ['url', 'Address of the WebDAV server:'],
    ['vendor', 'Maker (nextcloud, owncloud, sharepoint, other):', 'other'],
    ['user', 'User name:'],
  ],
  sftp: [
    ['host', 'Host:'],
    ['port', 'Port:', '22'],
    ['user', 'User name:'],
  ],
};
