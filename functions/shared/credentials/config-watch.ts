import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** A config file that is looked at whenever it is rewritten. */
export interface ConfigWatch {
  /** Looks once more, and then no longer; fulfilled when all that was seen has been dealt with. */
  stop(): Promise<void>;
}

/**
 * Tells the text of a config file whenever rclone has rewritten it, one at a time and in order.
 * rclone writes a new file and gives it the old one's name, so it is the folder that is watched.
 * Where watching fails, the last text is told when it is stopped.
 * @param written the text that it holds now, which is not told
 */
export function watchConfig(
  file: string,
  written: string,
  onText: (text: string) => Promise<void>,
): ConfigWatch {
  let last = written;
  let work = Promise.resolve();
  const look = (): Promise<void> => {
    work = work.then(async () => {
      const text = await readFile(file, 'utf8').catch(() => last);
      if (text === last) return;
      last = text;
      await onText(text);
    });
    return work;
  };
  const watcher = watchFolder(file, () => void look().catch(() => undefined));
  return {
    async stop() {
      watcher?.close();
      await look();
    },
  };
}

function watchFolder(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_, name) => {
      if (name === basename(file)) onChange();
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    return undefined;
  }
}
