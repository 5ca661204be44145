import type { LinkRecord } from '../../../functions/shared/drop-link/record.ts';

export const linkId = '0123456789abcdef';

/** A link of three files of a kilobyte each, on the first of the year 2026. */
export function givenRecord(more: Partial<LinkRecord> = {}): LinkRecord {
  return {
    version: 1,
    id: linkId,
    agent: 'main',
    folder: 'label',
    files: 3,
    maxBytes: 1000,
    types: [],
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-01-02T00:00:00.000Z',
    ...more,
  };
}
