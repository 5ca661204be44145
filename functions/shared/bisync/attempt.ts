import type { Side } from '../contract/index.ts';
import type { RcloneResult } from '../rclone/session.ts';
import { bisyncFlags, type Winner } from './flags.ts';
import type { RememberedSide } from './listing.ts';
import { createStory, type BisyncStory } from './log.ts';
import type { BisyncDeps } from './order.ts';
import { withSomething } from './placeholder.ts';
import { bisyncProgress } from './progress.ts';
import { unfinished, unfinishedPattern } from './unfinished.ts';
import { filtersText, literalPattern, openWorkdir } from './workdir.ts';

/** Both sides as they were when they were last in step. */
export interface Remembered {
  pair: string;
  sides: Record<Side, RememberedSide>;
}

/** What one process of rclone is to do beyond the order. */
export interface AttemptOptions {
  winner: Winner;
  dryRun: boolean;
  /** `undefined` makes it a resync. */
  remembered: Remembered | undefined;
  maxDeletePercent: number;
  force: boolean;
  checkAccess: boolean;
  /** Added to the name of the trash: what another attempt has put there is not replaced. */
  trashSuffix?: string;
  /** Excludes of what the whole leg leaves alone. */
  aside: readonly string[];
  /** Files that are left out besides, on both sides. */
  without?: ReadonlySet<string>;
}

export interface Attempt {
  result: RcloneResult;
  story: BisyncStory;
  /** Both sides as bisync found them; empty where it did not get as far. */
  found: Record<Side, RememberedSide>;
  /** What bisync has written down of them afterwards. */
  after: Remembered;
}

/** Runs bisync once, in a working folder of its own. */
export async function attemptBisync(deps: BisyncDeps, options: AttemptOptions): Promise<Attempt> {
  const { remembered, without = new Set<string>(), trashSuffix = '' } = options;
  const left = [...without].map(literalPattern).filter((line) => line !== undefined);
  const workdir = await openWorkdir(deps.temporaryFolder, {
    filters: filtersText([...left, ...options.aside, unfinishedPattern, ...deps.exclude]),
    ...(remembered ? { remembered: withSomething(leaveOut(remembered, without)) } : {}),
  });
  try {
    const { story, watch } = createStory();
    const told = bisyncProgress(
      deps.progress,
      story,
      async () => (await workdir.listings('found')).sides,
    );
    const flags = bisyncFlags({
      ...options,
      sides: deps,
      workdir: workdir.folder,
      filtersFile: workdir.filtersFile,
      trash: deps.trash === undefined ? undefined : deps.trash + trashSuffix,
      resync: remembered === undefined,
    });
    const result = await deps.session.run(
      {
        kind: 'bisync',
        path1: { remote: deps.workspace, path: '' },
        path2: { remote: deps.cloud, path: '' },
        flags,
      },
      {
        watch: (line) => {
          watch(line);
          told(line);
        },
        slowToStop: true,
      },
    );
    const { sides: found } = await workdir.listings('found');
    return { result, story, found, after: await workdir.listings('after') };
  } finally {
    await workdir.remove();
  }
}

function leaveOut({ pair, sides }: Remembered, without: ReadonlySet<string>): Remembered {
  const rest = (side: RememberedSide): RememberedSide =>
    new Map([...side].filter(([path]) => !without.has(path) && !unfinished.test(path)));
  return { pair, sides: { workspace: rest(sides.workspace), cloud: rest(sides.cloud) } };
}
