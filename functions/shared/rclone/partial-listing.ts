import { parseListing, type Listing } from './listing.ts';
import type { RcloneResult } from './session.ts';

/** A listing of which some folders are missing. */
export interface PartialListing {
  listing: Listing;
  /** Folders that are there and could not be listed: nothing is known of what lies below them. */
  unlisted: string[];
}

/** As many errors as an account keeps: there may have been more. */
const tooManyErrors = 1_000;

/**
 * What a `list` that ended badly is still good for: rclone goes on where one folder cannot be listed,
 * such as a ghost that the provider names and does not know. All other folders are whole.
 *
 * Who goes by it treats each unlisted folder, on both sides, as excluded (nothing is copied, replaced
 * or deleted below it) and reports the run as partial, with `explainErrors` of the account.
 * @returns undefined where nothing of it may be relied upon: the folder itself cannot be listed, the
 * provider lists all folders at once, rclone was stopped, or too much went wrong.
 */
export function partialListing({
  outcome,
  stdout,
  account,
}: RcloneResult): PartialListing | undefined {
  if (['done', 'time-up', 'rate-limited'].includes(outcome)) return undefined;
  const { errors } = account;
  const unlisted = errors.flatMap(({ path, message }) =>
    path !== undefined && message.startsWith('error listing') ? [path] : [],
  );
  if (unlisted.length === 0 || unlisted.length < errors.length) return undefined;
  if (errors.length >= tooManyErrors) return undefined;
  // It does not write the end of the text then.
  return { listing: parseListing(stdout.replace(/,?\s*\]?\s*$/, '\n]')), unlisted };
}
