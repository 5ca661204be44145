import {
  bisync,
  type BisyncOrder,
  type BisyncResult,
} from '../../../functions/shared/bisync/bisync.ts';
import { stateKeys } from '../../../functions/shared/contract/index.ts';
import { folderRemote, type Remote } from '../../../functions/shared/rclone/remote.ts';
import type { SessionOptions } from '../../../functions/shared/rclone/session.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { RcloneWorld } from '../../fixtures/rclone-world.ts';

const sacred = ['_inbox', '_outbox', '.trash', '.quarantine', '.restored'];

/** Two sides, what is remembered of them, and runs of bisync between them. */
export class BisyncWorld extends RcloneWorld {
  store = new MemoryObjectStore();
  exclude = sacred.flatMap((folder) => [`/${folder}`, `/${folder}/**`]);
  trash: string | undefined = undefined;
  sides: { workspace: Remote; cloud: Remote } = {
    workspace: this.workspace,
    cloud: folderRemote('cloud', this.cloudFolder),
  };
  fence = 1;

  override reset(): void {
    super.reset();
    this.store = new MemoryObjectStore();
    this.trash = undefined;
  }

  /** One leg. */
  async run(
    order: Partial<BisyncOrder> = {},
    options: Partial<SessionOptions> = {},
  ): Promise<BisyncResult> {
    this.lines.length = 0;
    const { workspace, cloud } = this.sides;
    const session = await this.open([workspace, cloud], options);
    try {
      return await bisync(
        {
          agent: 'anna',
          runId: 'run',
          fence: this.fence,
          binding: 'pair',
          dryRun: false,
          resync: false,
          conflictResolve: 'newer',
          checkAccess: false,
          limits: { maxDeletePercent: 10, maxDeleteFiles: 10, confirmDeletes: undefined },
          ...order,
        },
        {
          session,
          workspace,
          cloud,
          exclude: this.exclude,
          trash: this.trash,
          store: this.store,
          temporaryFolder: this.temporary,
          log: { debug: skip, info: skip, warn: skip, error: skip },
        },
      );
    } finally {
      await session.close();
    }
  }

  /** Both sides hold these files and know of each other. */
  async inStep(files: Record<string, string>): Promise<void> {
    this.write(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`workspace/${path}`, text])),
    );
    await this.run({ resync: true });
  }

  both(): { workspace: Record<string, string>; cloud: Record<string, string> } {
    return { workspace: this.read('workspace'), cloud: this.read('cloud') };
  }

  remembered(): Uint8Array | undefined {
    return this.store.objects.get(stateKeys.bisync('anna'))?.body;
  }
}

function skip(): void {
  // What is logged goes to the world's lines.
}
