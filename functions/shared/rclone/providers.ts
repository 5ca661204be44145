import type { RcloneMessage } from './trouble.ts';

/** What the operator calls a remote of each type, and where the configuration has its token. */
const known: Record<string, { name: string; token?: string } | undefined> = {
  dropbox: { name: 'Dropbox', token: 'dropbox.token' },
  drive: { name: 'Google Drive', token: 'gdrive.token' },
  onedrive: { name: 'OneDrive', token: 'onedrive.token' },
  box: { name: 'Box' },
  s3: { name: 'the S3 storage' },
  webdav: { name: 'the WebDAV server' },
  sftp: { name: 'the SFTP server' },
  ftp: { name: 'the FTP server' },
  local: { name: 'the file system' },
};

/** Words by which rclone's messages show that credentials are a token. */
const ofToken = /invalid_grant|fetch token|access_token|empty token|AuthenticationToken|authError/;

export function nameOf({ provider }: Pick<RcloneMessage, 'provider'>): string {
  if (provider === undefined) return 'the provider';
  return known[provider]?.name ?? `the ${provider} remote`;
}

/** How the operator gets credentials that are accepted, and where they belong. */
export function cureFor({
  provider,
  message,
}: Pick<RcloneMessage, 'provider' | 'message'>): string {
  const token = provider === undefined ? undefined : known[provider]?.token;
  if (token !== undefined || ofToken.test(message)) {
    const key = token ?? 'custom.rcloneOptions.token';
    return (
      `run \`rclone authorize ${provider ?? '<type>'}\` on a computer with a browser and store what it ` +
      `prints as the secret that "${key}" refers to (aws secretsmanager put-secret-value).`
    );
  }
  if (provider === 's3') {
    return 'check "s3.accessKeyId" and "s3.secretAccessKey", and the secrets that they refer to.';
  }
  return 'check the user and the password or key of the remote, and the secrets that they refer to.';
}
