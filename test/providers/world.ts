import { cloudRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession, SessionOptions } from '../../functions/shared/rclone/session.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';
import { driveId } from './onedrive.ts';
import { startProvider, type Provider, type ProviderKind } from './provider.ts';

/** A provider, a workspace folder, and sessions of the product between them. */
export class ProviderWorld {
  readonly kind: ProviderKind;
  readonly provider: Provider;
  readonly rclone: RcloneWorld;

  private constructor(kind: ProviderKind, provider: Provider) {
    this.kind = kind;
    this.provider = provider;
    this.rclone = new RcloneWorld();
  }

  static async start(kind: ProviderKind): Promise<ProviderWorld> {
    return new ProviderWorld(kind, await startProvider(kind));
  }

  get workspace(): Remote {
    return this.rclone.workspace;
  }

  /** The cloud folder `Agent`, as a configuration with this token makes it. */
  cloud(token = this.provider.token()): Remote {
    const own = { provider: 'AWS', region: 'eu-central-1' };
    const remotePath = 'Agent';
    switch (this.kind) {
      case 'dropbox':
        return cloudRemote('cloud', { provider: 'dropbox', remotePath, dropbox: { token } }, own);
      case 'drive':
        return cloudRemote('cloud', { provider: 'gdrive', remotePath, gdrive: { token } }, own);
      case 'onedrive': {
        const onedrive = { token, driveId, driveType: 'business' };
        return cloudRemote('cloud', { provider: 'onedrive', remotePath, onedrive }, own);
      }
      case 'box': {
        const custom = { rcloneType: 'box', rcloneOptions: { token } };
        return cloudRemote('cloud', { provider: 'custom', remotePath, custom }, own);
      }
    }
  }

  open(cloud: Remote, options: Partial<SessionOptions> = {}): Promise<RcloneSession> {
    const { binary } = this.provider;
    return this.rclone.open([cloud, this.workspace], { binary, ...options });
  }

  reset(): void {
    this.provider.reset();
    this.rclone.reset();
  }

  async close(): Promise<void> {
    await this.provider.close();
    this.rclone.remove();
  }
}
