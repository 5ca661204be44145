/** Set when the bundle is built: it lies elsewhere than the sources. */
declare const PROJECT_ROOT: string | undefined;

/** Folder of the checkout that the command belongs to, with a separator at its end. */
export const projectRoot: string =
  typeof PROJECT_ROOT === 'string' ? PROJECT_ROOT : new URL('..', import.meta.url).pathname;
