import type { LegContext } from '../runtime/run.ts';
import type { Credential } from './credential.ts';
import { TokenNotSavedError } from './errors.ts';
import { sameRefreshToken, tokenIn } from './token.ts';

/** Saves what rclone makes of tokens. */
export interface TokenKeeper {
  /** To be told the text of the config file whenever rclone has rewritten it. Never rejects. */
  onConfig(text: string): Promise<void>;
  /** @throws TokenNotSavedError where a token that rclone has is missing in its entry. */
  settle(): void;
}

/** What must be left of a leg after saving was given up. */
const reserveMs = 5_000;

/** A keeper of these credentials, for as long as one session of rclone is open. */
export function keepTokens(
  context: LegContext,
  credentials: readonly Credential[],
  begunWith: (credential: Credential) => string,
): TokenKeeper {
  const seen = new Map<string, string>();
  for (const credential of credentials) {
    for (const { name } of credential.remotes) seen.set(name, begunWith(credential));
  }
  return {
    async onConfig(text) {
      for (const credential of credentials) {
        for (const name of new Set(credential.remotes.map((remote) => remote.name))) {
          const token = tokenIn(text, name);
          if (token === undefined || token === seen.get(name)) continue;
          seen.set(name, token);
          await save(context, credential, token);
        }
      }
    },
    settle() {
      const failure = credentials.map(({ unsaved }) => unsaved).find((error) => error);
      if (failure) throw failure;
    },
  };
}

async function save(context: LegContext, credential: Credential, token: string): Promise<void> {
  const { runtime, budget } = context;
  const { source, entry, stored } = credential;
  const { agent, scope, reference } = source;
  const fields = { secret: entry, reference };
  credential.token = token;
  try {
    const patience = { clock: runtime.clock, until: budget.deadline - reserveMs };
    const change = { agent, scope, name: reference, to: token };
    let outcome = await runtime.secrets.replace({ ...change, from: stored }, patience);
    if (outcome === 'superseded') {
      // Somebody may have written the same token in another form: ours comes after it all the same.
      const now = (await runtime.secrets.read(agent, scope)).values[reference] ?? '';
      if (sameRefreshToken(now, stored)) {
        outcome = await runtime.secrets.replace({ ...change, from: now }, patience);
      }
    }
    delete credential.unsaved;
    if (outcome === 'written') {
      credential.stored = token;
      runtime.log.info('a refreshed token was saved', fields);
      return;
    }
    runtime.log.warn(`a refreshed token was not saved: ${whyNot[outcome]}`, fields);
  } catch (error) {
    const failure = new TokenNotSavedError(credential, error);
    runtime.log.error('a refreshed token could not be saved', { ...fields, error: failure });
    // Where the refresh token is still the same, nothing is lost but the time of the next refresh.
    if (!sameRefreshToken(stored, token)) credential.unsaved = failure;
  }
}

const whyNot = {
  superseded: 'somebody has changed it in its secret since this run read it, and theirs stays',
  gone: 'its secret was deleted since this run read it, and is not made again',
};
