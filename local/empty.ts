/** Everything that an operator meets before the first deployment: an account, a folder, a gateway. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bootstrap } from './bootstrap.ts';
import { startEmulator, type EmulatorOptions } from './emulator.ts';
import { asGateway, startGateway, type WebhookRequest } from './gateway.ts';
import { startRcloneServer } from './rclone-server.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { World } from './world.ts';

/** A world without a deployment. */
export type EmptyWorld = Pick<World, 'emulator' | 'cloud' | 'gateway' | 'hooksToken' | 'stop'>;

/** Starts it; whatever was started is stopped again when a step fails. */
export async function startEmptyWorld(
  options: { onWebhook?: (request: WebhookRequest) => void; env?: EmulatorOptions['env'] } = {},
): Promise<EmptyWorld> {
  const cleanUps: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const parent = await temporaryFolder('workspace-sync-empty-');
    cleanUps.push(parent.remove);
    const folder = join(parent.path, 'cloud');
    await mkdir(folder);
    const login = { user: 'human', password: secret() };
    const server = await startRcloneServer({ protocol: 'webdav', folder, login });
    cleanUps.push(server.stop);
    const hooksToken = secret();
    const gateway = await startGateway(options.onWebhook);
    gateway.answer = asGateway(hooksToken);
    cleanUps.push(gateway.stop);
    const emulator = await startEmulator(options.env ? { env: options.env } : {});
    cleanUps.push(emulator.stop);
    await bootstrap(emulator);
    return { emulator, cloud: { ...server, folder, ...login }, gateway, hooksToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function secret(): string {
  return randomBytes(18).toString('base64url');
}
