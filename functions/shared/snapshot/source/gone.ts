import { FileGoneError, FileUnreadableError } from './source.ts';

/** How often a source looks again for what was not found: each time costs a listing. */
const mostLooks = 100;

/**
 * Tells what was deleted from what a source lists and does not give by that name. The first is no
 * loss; the second would be a silent one, were it taken for the first.
 */
export class GoneCheck {
  #left: number;

  constructor(looks = mostLooks) {
    this.#left = looks;
  }

  /**
   * Reads a file. Where it is not found and yet listed, it is read once more, since it may have been
   * put there anew.
   *
   * @param isListed whether a fresh listing has it; no longer asked after a hundred times
   * @throws FileGoneError where it is not listed either; FileUnreadableError where it is, or may be
   */
  async reading<T>(
    path: string,
    read: () => Promise<T>,
    isListed: () => Promise<boolean>,
  ): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof FileGoneError)) throw error;
      if (await this.isGone(path, isListed, error)) throw error;
    }
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof FileGoneError)) throw error;
      throw new FileUnreadableError(path, 'it is listed and cannot be opened by that name', error);
    }
  }

  /**
   * Whether something that was not found is not listed either.
   * @throws FileUnreadableError where too much was looked for already
   */
  async isGone(path: string, isListed: () => Promise<boolean>, cause?: unknown): Promise<boolean> {
    if (this.#left <= 0) {
      const why = 'it was not found, like so many others that it was not looked for again';
      throw new FileUnreadableError(path, why, cause);
    }
    this.#left--;
    return !(await isListed());
  }
}
