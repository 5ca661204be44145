import { accessSync, chmodSync, constants, copyFileSync, renameSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { environment } from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';

/**
 * Path of an executable rclone: the override, the layer, then PATH.
 *
 * Where the layer's file has lost its run bit (some runtimes unpack layers without it) it is copied
 * to the temporary folder; where it can be run as it lies, nothing is copied.
 * @throws RcloneMissingError with the places that were looked at.
 */
export function locateRclone(env: NodeJS.ProcessEnv, temporaryFolder: string): string {
  const places = candidates(env);
  const executable = places.find(isExecutable);
  if (executable) return executable;
  const unmarked = places.find(isFile);
  if (unmarked) return makeExecutable(unmarked, temporaryFolder);
  throw new RcloneMissingError(places);
}

function candidates(env: NodeJS.ProcessEnv): string[] {
  const override = env[environment.rclonePath];
  if (override) return [override];
  const folders = [
    ...(env['_LAMBDA_LAYERS_DIRS'] ?? '').split(delimiter).map((layer) => layer && `${layer}/bin`),
    '/opt/bin',
    ...(env['PATH'] ?? '').split(delimiter),
  ];
  return folders.filter((folder) => folder !== '').map((folder) => join(folder, 'rclone'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function makeExecutable(source: string, temporaryFolder: string): string {
  const target = join(temporaryFolder, 'rclone');
  if (isExecutable(target)) return target;
  // Renamed into place, so that nobody runs half a file.
  const partial = `${target}.${process.pid}`;
  copyFileSync(source, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, target);
  return target;
}

/** There is no rclone to run. */
export class RcloneMissingError extends WorkspaceSyncError {
  constructor(places: string[]) {
    super(
      `rclone was not found; looked for ${places.join(', ')}. ` +
        `Deploy with the rclone layer, or set ${environment.rclonePath} to an executable.`,
      { code: 'rclone-missing', retryable: false },
    );
  }
}
