import type { BackupConfig } from '../../config/index.ts';

/** One of the two places that an agent's files are in. */
export type LocationName = 'state' | 'workspace';

type Item = BackupConfig['include'][number];

/**
 * Where each item lies, as the original plugin has it: below the workspace, or below the folder
 * of the agent's state (`~/.openclaw`). `''` is all of it, a slash at the end marks a folder.
 */
const places: Record<Item, readonly [LocationName, string]> = {
  workspace: ['workspace', ''],
  config: ['state', 'openclaw.json'],
  cron: ['state', 'cron/'],
  memory: ['workspace', 'memory/'],
  sessions: ['state', 'sessions/'],
  credentials: ['state', 'credentials/'],
  skills: ['workspace', 'skills/'],
  hooks: ['state', 'hooks/'],
  extensions: ['state', 'extensions/'],
  env: ['workspace', '.env'],
  agents: ['state', 'agents/'],
  pages: ['workspace', 'pages/'],
  transcripts: ['state', 'sessions/'],
};

const items = Object.keys(places) as Item[];

/** The roots to read in one location; items that overlap name what they share several times. */
export function rootsIn(location: LocationName, include: readonly Item[]): string[] {
  return include.flatMap((item) => (places[item][0] === location ? [places[item][1]] : []));
}

/** The items that a file is part of, by its path in an archive: `workspace/…` or `state/…`. */
export function itemsOf(path: string): Item[] {
  return items.filter((item) => {
    const [where, root] = places[item];
    const whole = `${where}/${root}`;
    return path === whole || (whole.endsWith('/') && path.startsWith(whole));
  });
}

/** The items of a location whose root is not among those that exist. */
export function missingItems(
  location: LocationName,
  include: readonly Item[],
  present: readonly string[],
): Item[] {
  return include.filter((item) => {
    const [where, root] = places[item];
    return where === location && !present.includes(root);
  });
}
