import { dropPrefix } from './names.ts';

/**
 * First part of the keys of the exchange bucket that belong to drop links: no agent's name begins
 * with a dot. Below an agent's `_outbox`, the folder of what came by its links.
 */
export const linksFolder = '.links';

/** Files that one link can take at most: the page holds a form for each. */
export const maxLinkFiles = 100;

/** What S3 takes in one form: 5 GiB. */
export const maxLinkBytes = 5 * 1024 ** 3;

/** Signatures of S3 live a week at most, and so does a link. */
export const maxLinkDays = 7;

/** Keys of the exchange bucket that whoever has the link reads, and what was refused of it. */
export const linkKeys = {
  page: (id: string): string => `${linksFolder}/${id}/index.html`,
  /** What became of the files: PublicReceipts. */
  receipts: (id: string): string => `${linksFolder}/${id}/receipts.json`,
  refused: (id: string, drop: string): string => `${linksFolder}/${id}/refused/${drop}`,
} as const;

/** Kinds of objects in the state bucket: a link's record, and who has used each of its slots. */
export const linkStates = { records: 'links', slots: 'link-slots' } as const;

/** Key in the state bucket of what a link allows. */
export function linkRecordKey(agent: string, id: string): string {
  return `${linkStates.records}/${agent}/${id}.json`;
}

/** Key in the state bucket of the file that has used a slot. */
export function linkSlotKey(agent: string, id: string, slot: number): string {
  return `${linkSlotPrefix(agent, id)}${slot}.json`;
}

/** Prefix in the state bucket of the slots of a link that are used. */
export function linkSlotPrefix(agent: string, id: string): string {
  return `${linkStates.slots}/${agent}/${id}/`;
}

/** Prefix in the exchange bucket under which the files of one slot may be put, and nothing else. */
export function slotPrefix(agent: string, id: string, slot: number): string {
  return `${dropPrefix(agent)}${linksFolder}/${id}/${slot}/`;
}
