import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as layer from '../../layers/rclone/build.mjs';
import { projectRoot } from '../root.ts';

/**
 * The project's own rclone for this machine: the override, the one that was fetched, or it is fetched
 * now.
 */
export async function projectRclone(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const override = env['RCLONE_BINARY'];
  if (override) return override;
  const fetched = join(projectRoot, '.tools', 'bin', 'rclone');
  if (existsSync(fetched)) return fetched;
  // By its address: what finds its files beside itself cannot be part of a bundle.
  const module = pathToFileURL(join(projectRoot, 'layers', 'rclone', 'build.mjs')).href;
  const { localRclone } = (await import(module)) as typeof layer;
  return localRclone();
}
