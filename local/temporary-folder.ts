import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of this process. */
export interface TemporaryFolder {
  path: string;
  remove: () => Promise<void>;
}

/** Makes a folder that goes with `remove`, and with the process where that ends before. */
export async function temporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const removeWithUs = (): void => {
    rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', removeWithUs);
  return {
    path,
    remove: async () => {
      process.off('exit', removeWithUs);
      await rm(path, { recursive: true, force: true });
    },
  };
}
