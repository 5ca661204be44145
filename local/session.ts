/** What a running `npm start` tells the command, so that `workspace-sync --local` finds it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tools } from './paths.ts';
import { deployment, type World } from './world.ts';

/** Where the command looks by default. */
export const sessionFile = join(tools, 'local.json');

/** Writes it down, for the user alone; answers what takes it away again. */
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
  return () => rm(file, { force: true });
}
