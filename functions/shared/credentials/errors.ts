import { WorkspaceSyncError } from '../errors.ts';
import type { Credential } from './credential.ts';

/** A provider has replaced a refresh token, and the new one could not be put into its entry. */
export class TokenNotSavedError extends WorkspaceSyncError {
  constructor({ entry, source }: Credential, cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no reason was given';
    super(
      `The provider has replaced the token \${${source.reference}}, and the new one could not be ` +
        `saved in the secret "${entry}" (${why}). If the next run says invalid_grant, the saved ` +
        'one is used up: run `rclone authorize` again and put the token that it prints into the ' +
        'secret. The function needs secretsmanager:PutSecretValue and UpdateSecretVersionStage on it.',
      { code: 'token-not-saved', retryable: false, cause },
    );
  }
}
