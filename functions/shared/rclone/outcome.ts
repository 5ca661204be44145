/**
 * What rclone's end means for the run.
 * @see https://rclone.org/docs/#exit-code
 */
export type RcloneOutcome =
  /** Everything that was asked for is done. */
  | 'done'
  /** Its time was up: the rest belongs to the next leg. */
  | 'time-up'
  /**
   * The provider wants a longer wait than is sat out (see `longestWaitSeconds`), so rclone was
   * stopped: the work goes on in a later run, not before `retryAfterSeconds` of the result.
   */
  | 'rate-limited'
  /** The folder or file that was named does not exist. */
  | 'not-found'
  /** It may work later: rate limits, network, a busy server. */
  | 'retryable'
  /** It will not work without somebody changing something. */
  | 'fatal';

/** The category of an exit. A signal that we did not send is a crash, which may pass. */
export function outcomeOf(exitCode: number | null, stopped: boolean): RcloneOutcome {
  if (exitCode === 0) return 'done';
  if (stopped) return 'time-up';
  switch (exitCode) {
    case 9: // nothing transferred, only reported on request
      return 'done';
    case 10: // --max-duration reached
      return 'time-up';
    case 3: // directory not found
    case 4: // file not found
      return 'not-found';
    case null:
    case 1: // uncategorised
    case 5: // temporary
      return 'retryable';
    default: // 2 usage, 6 no retry, 7 fatal, 8 transfer limit
      return 'fatal';
  }
}
