import type { SnapshotReader } from '../functions/shared/snapshot/read/reader.ts';
import type { Selection } from '../functions/shared/snapshot/restore/selection.ts';
import { counted } from './output.ts';

const shown = 10;

type Flag = 'changed' | 'cut' | 'in-use';

const meaning: Record<Flag, (count: string) => string> = {
  changed: (count) => `${count} changed while the backup read it, and may be a mix of old and new`,
  cut: (count) => `${count} got shorter while the backup read it; its end is filled up with zeros`,
  'in-use': (count) =>
    `${count} was in use during the backup; open it and let "PRAGMA integrity_check" look at it`,
};

/** What the person has to know about the files that came back. */
export async function notesOn(reader: SnapshotReader, wanted: Selection): Promise<string[]> {
  const flagged: Record<Flag, string[]> = { changed: [], cut: [], 'in-use': [] };
  for await (const { path, flags = [] } of reader.files()) {
    if (!wanted(path)) continue;
    for (const flag of flags) {
      if (flag === 'in-use') flagged[flag].push(path.replace(/-(?:wal|journal)$/, ''));
      else if (flag !== 'database') flagged[flag].push(path);
    }
  }
  const { missing, warnings } = reader.manifest;
  return [
    ...(['changed', 'cut', 'in-use'] as const).flatMap((flag) => noteOn(flag, flagged[flag])),
    ...(missing.length > 0 ? [`Not there when the backup ran: ${missing.join(', ')}.`] : []),
    ...absent(warnings),
  ];
}

function noteOn(flag: Flag, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const noun = flag === 'in-use' ? 'database' : 'file';
  return [`${meaning[flag](counted(paths.length, noun))}: ${namesOf(paths)}.`];
}

/** Their names are not in the snapshot, because they are not. */
function absent(warnings: Readonly<Record<string, number>>): string[] {
  return ['unreadable', 'vanished', 'passed over'].flatMap((kind) => {
    const count = warnings[kind] ?? 0;
    return count > 0 ? [`${counted(count, 'file')} could not be backed up (${kind}).`] : [];
  });
}

/** The first of them, and how many more. */
export function namesOf(paths: readonly string[]): string {
  const more = paths.length > shown ? `, and ${paths.length - shown} more` : '';
  return paths.slice(0, shown).join(', ') + more;
}
