/** Where the local cloud finds its tools. */
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const binaries = join(root, 'node_modules', '.bin');
export const tools = join(root, '.tools');

/** The Node that runs this, the project's own tools and rclone come before what the machine has. */
export function toolPath(): string {
  const own = [binaries, join(tools, 'bin'), dirname(process.execPath)];
  return [...own, process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter);
}
