import { visible } from '../../functions/shared/deceptive.ts';

/**
 * A file's name on one line: as it is where nothing in it deceives, and otherwise in quotes with
 * everything that could split the line or steer the terminal written as an escape.
 */
export function nameInLine(name: string): string {
  const escaped = visible(JSON.stringify(name));
  return escaped === `"${name}"` && name.trim() === name && name !== '' ? name : escaped;
}
