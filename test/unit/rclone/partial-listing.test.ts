import { describe, expect, it } from 'vitest';
import type { RcloneOutcome } from '../../../functions/shared/rclone/outcome.ts';
import { partialListing } from '../../../functions/shared/rclone/partial-listing.ts';
import type { RcloneResult } from '../../../functions/shared/rclone/session.ts';

const entry = '{"Path":"a","Name":"a","Size":1,"ModTime":"2026-11-22T10:00:00Z","IsDir":false}';
const ghost = { path: 'ghost', message: 'error listing: directory not found' };

/** A listing that ended badly. */
function given(more: {
  errors?: RcloneResult['account']['errors'];
  stdout?: string;
  outcome?: RcloneOutcome;
}): RcloneResult {
  const { errors = [ghost], stdout = `[\n${entry}`, outcome = 'not-found' } = more;
  const account = { copied: [], deleted: [], moved: [], retries: 0, errors };
  return { outcome, exitCode: 3, stdout, account };
}

describe('a listing that lacks folders', () => {
  it.each([[`[\n${entry}`], [`[\n${entry},\n`], [`[\n${entry}\n]\n`]])(
    'has what was listed: %j',
    (stdout) => {
      expect(partialListing(given({ stdout }))).toEqual({
        listing: {
          files: [{ path: 'a', size: 1, modified: '2026-11-22T10:00:00Z' }],
          folders: [],
        },
        unlisted: ['ghost'],
      });
    },
  );

  it('may have nothing besides', () => {
    expect(partialListing(given({ stdout: '[\n' }))?.listing).toEqual({ files: [], folders: [] });
  });

  it.each<[string, Parameters<typeof given>[0]]>([
    ['the folder itself is what cannot be listed', { errors: [{ message: ghost.message }] }],
    ['something else failed, too', { errors: [ghost, { message: 'connection reset' }] }],
    ['a file failed', { errors: [ghost, { path: 'b', message: 'Failed to read metadata' }] }],
    ['nobody knows what failed', { errors: [] }],
    ['rclone was stopped', { outcome: 'time-up' }],
    ['rclone was stopped because of a long wait', { outcome: 'rate-limited' }],
    [
      'there were more errors than are kept',
      { errors: Array.from({ length: 1_000 }, () => ghost) },
    ],
  ])('is of no use where %s', (_, more) => {
    expect(partialListing(given(more))).toBeUndefined();
  });
});
