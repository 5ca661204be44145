/**
 * How rclone writes names. It shows a control character as its picture, "␊", and puts "‛" before a
 * picture that is meant as such: a path that is written otherwise is another file to it, or none.
 * Held to the real program by `test/contract/names.test.ts`.
 * @see https://rclone.org/overview/#restricted-filenames
 */

/** Says why a path cannot be given to rclone, or `undefined` where it can. */
export function unusable(path: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- these are what it looks for
  if (/[\0-\x1f\x7f]/.test(path)) return 'its name holds a line break or another control character';
  return isPlain(path) ? undefined : 'its key is not a path';
}

/**
 * Whether a path has only real names between its slashes. rclone trims and joins others: it would do
 * to `report.md` what it is asked to do to `/report.md`.
 */
export function isPlain(path: string): boolean {
  return path.split('/').every((name) => !['', '.', '..'].includes(name));
}

/** The path under which rclone shows an object of S3. */
export function pathOfKey(key: string): string {
  return key.split('/').map(shown).join('/');
}

/**
 * Whether rclone finds an object of S3 by the path under which it shows it. It does not where it takes
 * a dot for a folder, or a single quote for one that it has written itself.
 */
export function isReachable(key: string): boolean {
  return key.split('/').every((name) => {
    if (name === '.' || name === '..') return false;
    return quotedDots.test(name) || /^(?:[^\u201b]|\u201b[\u201b\u2400\uff0f])*$/u.test(name);
  });
}

const quotedDots = /^(?:\u201b\uff0e){1,2}$/u;

/** What rclone has quoted itself in writing the key is shown as it is. */
const special =
  // eslint-disable-next-line no-control-regex -- these are what it looks for
  /(\u201b[\u201b\u2400\uff0f])|([\u201b\u2401-\u241f\u2421])|([\x01-\x1f])|\x7f/gu;

function shown(name: string): string {
  if (name === '.' || name === '..') return name.replaceAll('.', '\uff0e');
  if (quotedDots.test(name)) return name;
  return name.replace(special, (found, quoted?: string, picture?: string, control?: string) => {
    if (quoted !== undefined) return quoted;
    if (picture !== undefined) return `\u201b${picture}`;
    return control === undefined ? '\u2421' : String.fromCharCode(0x2400 + found.charCodeAt(0));
  });
}
