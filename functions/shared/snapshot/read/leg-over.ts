import { WorkspaceSyncError } from '../../errors.ts';

/** The leg's time ran out in the middle of a file: it is begun again in the next leg. */
export class LegOverError extends WorkspaceSyncError {
  constructor(path: string) {
    super(
      `${JSON.stringify(path)} cannot be read within one run of the function. ` +
        'The recovery kit reads it on any machine, however long that takes.',
      { code: 'file-too-long-for-a-leg', retryable: false },
    );
  }
}

/** How a leg knows that it has to end. */
export interface LegTime {
  /** Whether another leg should go on from the next file. */
  up: () => boolean;
  /** Whether the platform is about to end the function: the first file of a leg may take until then. */
  out: () => boolean;
}

/** A content that is given up as soon as `over` says so. */
export async function* withinLeg(
  path: string,
  body: AsyncIterable<Buffer>,
  over: () => boolean,
): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    if (over()) throw new LegOverError(path);
    yield chunk;
  }
}

/** For who has all the time in the world. */
export const endless: LegTime = { up: () => false, out: () => false };
