import { randomBytes } from 'node:crypto';
import { json, type Answer, type ApiRequest } from './exchange.ts';

/**
 * What becomes of a refresh token that is used.
 * - `kept`: it serves again, and no other is given (Dropbox, Google).
 * - `rotating`: another is given each time, and the old ones serve for a while (Microsoft).
 * - `single-use`: another is given each time, and using an old one revokes all of them (Box).
 */
export type Rotation = 'kept' | 'rotating' | 'single-use';

/** The part of a provider that gives tokens. */
export class OAuth {
  /** How long an access token serves. */
  accessTokenSeconds = 4 * 3600;
  /** Refresh tokens that were sent to the server, in order. */
  readonly used: string[] = [];
  readonly #rotation: Rotation;
  #refreshTokens: string[] = [newToken('refresh')];
  readonly #accessTokens = new Map<string, number>();

  constructor(rotation: Rotation) {
    this.#rotation = rotation;
  }

  /** The refresh token that was given last. */
  get refreshToken(): string {
    return this.#refreshTokens.at(-1) ?? 'revoked';
  }

  /**
   * What `rclone authorize` would print. `expired`: its access token has had its time, so that the
   * first request has to refresh it.
   */
  token({ expired = false } = {}): string {
    const seconds = expired ? -60 : this.accessTokenSeconds;
    return JSON.stringify({
      access_token: this.#grant(seconds),
      token_type: 'bearer',
      refresh_token: this.refreshToken,
      expiry: new Date(Date.now() + seconds * 1000).toISOString(),
    });
  }

  /** The user takes the access away: nothing that was given serves any longer. */
  revoke(): void {
    this.#refreshTokens = [];
    this.#accessTokens.clear();
  }

  /** No access token serves any longer; refresh tokens do. */
  expireAccess(): void {
    this.#accessTokens.clear();
  }

  /** All but the newest refresh token are too old now. */
  forgetOldTokens(): void {
    this.#refreshTokens = this.#refreshTokens.slice(-1);
  }

  accepts({ headers }: ApiRequest): boolean {
    const token = (headers['authorization'] ?? '').replace(/^bearer /i, '');
    return (this.#accessTokens.get(token) ?? 0) > Date.now();
  }

  /** Answers a request to the token endpoint. */
  refresh({ body }: ApiRequest): Answer {
    const given = new URLSearchParams(body.toString('utf8')).get('refresh_token') ?? '';
    this.used.push(given);
    if (!this.#refreshTokens.includes(given)) return invalidGrant();
    if (this.#rotation === 'single-use' && given !== this.refreshToken) {
      this.revoke();
      return invalidGrant();
    }
    const rotated = this.#rotation !== 'kept';
    if (rotated) this.#refreshTokens.push(newToken('refresh'));
    return json(200, {
      access_token: this.#grant(this.accessTokenSeconds),
      token_type: 'bearer',
      expires_in: this.accessTokenSeconds,
      ...(rotated ? { refresh_token: this.refreshToken } : {}),
    });
  }

  #grant(seconds: number): string {
    const token = newToken('access');
    this.#accessTokens.set(token, Date.now() + seconds * 1000);
    return token;
  }
}

function invalidGrant(): Answer {
  const error_description = 'Token has been expired or revoked.';
  return json(400, { error: 'invalid_grant', error_description });
}

function newToken(kind: string): string {
  return `${kind}-${randomBytes(12).toString('hex')}`;
}
