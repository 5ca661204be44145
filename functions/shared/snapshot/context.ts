import { placeText, type SegmentPlace } from './names.ts';

/** What an object of a snapshot is, as its encryption context says. */
export type ObjectRole = 'archive' | 'files' | 'manifest';

/**
 * The encryption context of one object: authenticated with it, so that an object under another's
 * name, of another snapshot or of another agent does not open.
 */
export function objectContext(
  { agent, id }: { agent: string; id: string },
  role: ObjectRole,
  place?: SegmentPlace,
): Record<string, string> {
  return {
    'workspace-sync:format': '1',
    'workspace-sync:agent': agent,
    'workspace-sync:snapshot': id,
    'workspace-sync:role': role,
    ...(place ? { 'workspace-sync:part': placeText(place) } : {}),
  };
}
