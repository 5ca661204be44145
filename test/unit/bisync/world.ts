import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bisync,
  type BisyncOrder,
  type BisyncResult,
} from '../../../functions/shared/bisync/bisync.ts';
import { stateKeys } from '../../../functions/shared/contract/index.ts';
import { quietMeter } from '../../../functions/shared/runtime/progress.ts';
import { folderRemote, type Remote } from '../../../functions/shared/rclone/remote.ts';
import type { RcloneSession, SessionOptions } from '../../../functions/shared/rclone/session.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { RcloneWorld } from '../../fixtures/rclone-world.ts';

const bothSides = ['workspace', 'cloud'] as const;

/** Both sides after a resync, and what is remembered of them. */
interface Resynced {
  folder: string;
  objects: MemoryObjectStore['objects'];
}

/** Half of what a small run costs is rclone's start, and a fifth of that is collecting garbage. */
const thrifty = { GOGC: 'off' };

/** With times to the nanosecond, which Node cannot set. */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

const sacred = ['_inbox', '_outbox', '.trash', '.quarantine', '.restored', '.workspace-sync'];

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
  /** Called before each start of bisync in a run, with its number. */
  beforeBisync: ((number: number) => void) | undefined;
  readonly #resynced = new Map<string, Resynced>();

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
    const session = await this.open([workspace, cloud], { env: thrifty, ...options });
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
          session: this.#watched(session),
          workspace,
          cloud,
          exclude: this.exclude,
          trash: this.trash,
          store: this.store,
          temporaryFolder: this.temporary,
          progress: quietMeter,
          log: { debug: skip, info: skip, warn: skip, error: skip },
        },
      );
    } finally {
      await session.close();
    }
  }

  #watched(session: RcloneSession): RcloneSession {
    let number = 0;
    return {
      ...session,
      run: (command, care) => {
        if (command.kind === 'bisync') this.beforeBisync?.(++number);
        return session.run(command, care);
      },
    };
  }

  /** Both sides hold these files and know of each other; what they hold already counts, too. */
  async inStep(files: Record<string, string>): Promise<void> {
    this.write(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`workspace/${path}`, text])),
    );
    const { sides, trash, fence, exclude } = this;
    const key = JSON.stringify([
      bothSides.map((side) => this.#texts(side)),
      sides,
      trash,
      fence,
      exclude,
    ]);
    const known = this.#resynced.get(key);
    if (known) {
      this.#takeBack(known);
      return;
    }
    await this.run({ resync: true });
    this.#resynced.set(key, this.#keep(String(this.#resynced.size)));
  }

  #texts(side: string): Record<string, string> | undefined {
    return existsSync(join(this.root, side)) ? this.read(side) : undefined;
  }

  /** A resync of the same files is done once: its outcome is kept, with the times of the files. */
  #keep(name: string): Resynced {
    const folder = join(this.root, 'resynced', name);
    mkdirSync(folder, { recursive: true });
    for (const side of bothSides) copy(join(this.root, side), join(folder, side));
    return { folder, objects: new Map(this.store.objects) };
  }

  #takeBack({ folder, objects }: Resynced): void {
    for (const side of bothSides) {
      mkdirSync(join(this.root, side), { recursive: true });
      // The servers know the folder itself: it stays, with other files in it.
      for (const name of readdirSync(join(this.root, side))) {
        rmSync(join(this.root, side, name), { recursive: true });
      }
      for (const name of readdirSync(join(folder, side))) {
        copy(join(folder, side, name), join(this.root, side, name));
      }
    }
    for (const [key, value] of objects) this.store.objects.set(key, value);
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
