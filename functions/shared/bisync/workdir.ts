import { keepEdges } from '../rclone/filter.ts';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Side } from '../contract/index.ts';
import { formatRemembered, parseRemembered, type RememberedSide } from './listing.ts';

/** bisync's working folder for one run of rclone: nothing in it is older than that. */
export interface Workdir {
  folder: string;
  filtersFile: string;
  /** What bisync calls the pair, and the listings that it has left: as they were found, or after. */
  listings(kind: 'found' | 'after'): Promise<{ pair: string; sides: Record<Side, RememberedSide> }>;
  remove(): Promise<void>;
}

/** What bisync finds in it. */
export interface WorkdirContent {
  filters: string;
  remembered?: { pair: string; sides: Record<Side, RememberedSide> };
}

const paths: Record<Side, string> = { workspace: 'path1', cloud: 'path2' };
const endings = { found: /\.path1\.lst(?:-dry)?-new$/, after: /\.path1\.lst$/ };

/** Makes a working folder below `parent` that looks as the last run has left it. */
export async function openWorkdir(parent: string, content: WorkdirContent): Promise<Workdir> {
  const folder = await mkdtemp(join(parent, 'bisync-'));
  const filtersFile = join(folder, 'filters.txt');
  await writeFile(filtersFile, content.filters);
  if (content.remembered) {
    const { pair, sides } = content.remembered;
    // rclone only trusts listings that were made with the same filters; ours are looked after by us.
    await writeFile(`${filtersFile}.md5`, createHash('md5').update(content.filters).digest('hex'));
    for (const side of ['workspace', 'cloud'] as const) {
      const file = join(folder, `${pair}.${paths[side]}.lst`);
      await writeFile(file, formatRemembered(sides[side]));
    }
  }
  return {
    folder,
    filtersFile,
    listings: async (kind) => {
      const name = (await readdir(folder)).find((file) => endings[kind].test(file)) ?? '';
      const read = (side: Side): Promise<RememberedSide> =>
        readListing(join(folder, name.replace('.path1.lst', `.${paths[side]}.lst`)));
      return {
        pair: name.replace(/\.path1\.lst.*$/, ''),
        sides: { workspace: await read('workspace'), cloud: await read('cloud') },
      };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function readListing(file: string): Promise<RememberedSide> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return parseRemembered(text) ?? new Map();
}

/** Excludes as lines of a filters file. */
export function filtersText(exclude: string[]): string {
  return exclude.map((pattern) => `- ${keepEdges(pattern)}\n`).join('');
}

/** A pattern that matches one path and nothing else; `undefined` where no line can say it. */
export function literalPattern(path: string): string | undefined {
  return /[\r\n]/.test(path) ? undefined : `/${keepEdges(path.replace(/[\\*?[\]{}]/g, '\\$&'))}`;
}
