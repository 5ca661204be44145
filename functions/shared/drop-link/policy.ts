import { slotPrefix } from '../contract/drop-links.ts';
import { contentTypeCondition } from './file-types.ts';
import type { LinkRecord } from './record.ts';

/** A condition of an S3 form's policy, as S3 documents them. */
export type PolicyCondition =
  ['eq' | 'starts-with', string, string] | ['content-length-range', number, number];

/** What the form of one slot allows. A field that no condition speaks of is refused by S3. */
export interface SlotForm {
  /** The name is the file's own; whatever it is, it stays below the slot's prefix. */
  key: string;
  conditions: PolicyCondition[];
}

/**
 * The form of one slot of a link: below its own prefix of its own agent, of the sizes and the type
 * that the link allows. An empty file is refused: on phones it is what a failed read looks like, and
 * a key that ends with a slash would be nobody's file.
 */
export function slotForm(record: LinkRecord, slot: number): SlotForm {
  return {
    key: `${slotPrefix(record.agent, record.id, slot)}\${filename}`,
    conditions: [['content-length-range', 1, record.maxBytes], contentTypeCondition(record.types)],
  };
}
