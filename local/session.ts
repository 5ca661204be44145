/** What a running `npm start` tells the command, so that `workspace-sync --local` finds it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tools } from './paths.ts';
import { deployment, type World } from './world.ts';

/** Where the command looks by default. */
export const sessionFile = join(tools, 'local.json');

/** How long the emulator of another session may take to answer, in milliseconds. */
const patienceMs = 2_000;

/**
 * Writes it down, for the user alone.
 * @returns what takes it away again, unless another session has taken its place.
 */
export async function tellSession(
  {
    emulator,
    cloud,
    gateway,
    hooksToken,
    configFile,
  }: Pick<World, 'emulator' | 'cloud' | 'gateway' | 'hooksToken'> & Partial<World>,
  file = sessionFile,
): Promise<() => Promise<void>> {
  const { url, region, credentials } = emulator;
  const session = {
    url,
    region,
    credentials,
    deployment,
    cloudUrl: cloud.url,
    cloudFolder: cloud.folder,
    cloudUser: cloud.user,
    cloudPassword: cloud.password,
    hooksUrl: gateway.url,
    hooksToken,
    configFile,
  };
  await writeFile(file, JSON.stringify(session, null, 2), { mode: 0o600 });
  return async () => {
    if ((await told(file)) === url) await rm(file, { force: true });
  };
}

/** The emulator's address of a session that is alive; `undefined` where there is none. */
export async function runningSession(file = sessionFile): Promise<string | undefined> {
  const url = await told(file);
  if (url === undefined) return undefined;
  try {
    await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
    return url;
  } catch {
    return undefined;
  }
}

/** What the last session said, if it can be read. */
async function told(file: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(file, 'utf8')) as { url?: unknown };
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}
