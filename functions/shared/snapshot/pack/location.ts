import type { PathMatcher } from '../../rclone/filter.ts';
import type { Source, SourceEntry } from '../source/source.ts';
import type { LocationName } from './items.ts';

/** A source, and what of it a snapshot holds. */
export interface Location {
  name: LocationName;
  source: Source;
  roots: string[];
}

/** A file that is to be packed. */
export interface Candidate {
  location: Location;
  entry: SourceEntry;
  /** `workspace/notes.md`: what its path is in the archive, and what a checkpoint remembers. */
  path: string;
}

/**
 * Every file of the locations, in the order of their archive paths, without what is excluded.
 * @param after the archive path behind which to begin
 */
export async function* candidates(
  locations: readonly Location[],
  excluded: PathMatcher,
  after = '',
): AsyncGenerator<Candidate> {
  for (const location of locations) {
    const prefix = `${location.name}/`;
    // A location that sorts before the cursor has been read to its end.
    if (!after.startsWith(prefix) && prefix < after) continue;
    const from = after.startsWith(prefix) ? after.slice(prefix.length) : undefined;
    for await (const entry of location.source.files(location.roots, from)) {
      if (!excluded(entry.path)) yield { location, entry, path: prefix + entry.path };
    }
  }
}
