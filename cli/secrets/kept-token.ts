import type { AuthorizedRemote } from '../../functions/shared/credentials/credential.ts';
import type { Entries } from './entries.ts';

/** A token that is saved whenever the provider replaces it. */
export interface KeptToken {
  /** To be told each token that rclone gets. Never rejects. */
  save(token: string): Promise<void>;
  /** Why the newest one is not in its entry; nothing where it is. */
  readonly unsaved: string | undefined;
}

/** Keeps the token of a remote in the entry from which it came. */
export function keptToken(
  entries: Pick<Entries, 'swap'>,
  { options, tokenSource: source }: AuthorizedRemote,
): KeptToken {
  let stored = options['token'];
  let unsaved: string | undefined;
  return {
    get unsaved() {
      return unsaved;
    },
    async save(token) {
      if (token === stored) return;
      if (!source) {
        unsaved = 'no secret holds it';
        return;
      }
      try {
        const outcome = await entries.swap(source, stored, token);
        unsaved = outcome === 'written' ? undefined : whyNot[outcome];
        if (outcome === 'written') stored = token;
      } catch (error) {
        // Its message may quote what was to be written.
        unsaved = error instanceof Error ? error.name : 'no reason was given';
      }
    },
  };
}

const whyNot = {
  superseded: 'somebody has changed it in its secret meanwhile, and theirs stays',
  gone: 'its secret was deleted meanwhile, and is not made again',
};
