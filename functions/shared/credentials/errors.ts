import { WorkspaceSyncError } from '../errors.ts';
import { redactor } from '../rclone/redact.ts';
import type { Credential } from './credential.ts';

/** A provider has replaced a refresh token, and the new one could not be put into its entry. */
export class TokenNotSavedError extends WorkspaceSyncError {
  constructor(credential: Credential, cause: unknown) {
    const { entry, source } = credential;
    super(
      `The provider has replaced the token \${${source.reference}}, and the new one could not be ` +
        `saved in the secret "${entry}" (${reason(credential, cause)}). If the next run says invalid_grant, the saved ` +
        'one is used up: run `rclone authorize` again and put the token that it prints into the ' +
        'secret. The function needs secretsmanager:PutSecretValue and UpdateSecretVersionStage on it.',
      { code: 'token-not-saved', retryable: false },
    );
  }
}

/** The cause itself is not handed on: it may quote what was to be written. */
function reason({ remotes, token }: Credential, cause: unknown): string {
  if (!(cause instanceof Error)) return 'no reason was given';
  const written = remotes.map((remote) => ({ ...remote, options: { ...remote.options, token } }));
  return redactor([...remotes, ...written], {})(`${cause.name}: ${cause.message}`);
}
