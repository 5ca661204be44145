import { linksFolder } from '../contract/drop-links.ts';

/** Which link a drop came by, and the slot that it takes. */
export interface LinkPlace {
  id: string;
  /** From 1. */
  slot: number;
}

/** What a link may be called: made by us, and part of keys. */
export const linkIdPattern = /^[0-9a-f]{16}$/;

const pathPattern = /^\.links\/([0-9a-f]{16})\/([1-9]\d{0,2})\/(.*)$/s;

/** Whether a path below `_outbox` is where only links put something. */
export function isLinkPath(path: string): boolean {
  return path.startsWith(`${linksFolder}/`);
}

/**
 * Takes the path of a link's drop, as it lies below `_outbox`, apart. `name` is what whoever has the
 * link chose to call it: anything at all.
 */
export function parseLinkPath(path: string): (LinkPlace & { name: string }) | undefined {
  const [, id, slot, name] = pathPattern.exec(path) ?? [];
  if (id === undefined || slot === undefined || name === undefined) return undefined;
  return { id, slot: Number(slot), name };
}
