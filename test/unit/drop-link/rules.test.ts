import { describe, expect, it } from 'vitest';
import {
  contentTypeCondition,
  isAllowedType,
  parseFileType,
} from '../../../functions/shared/drop-link/file-types.ts';
import { parseLinkPath } from '../../../functions/shared/drop-link/place.ts';
import { slotForm } from '../../../functions/shared/drop-link/policy.ts';
import { isGoodLabel } from '../../../functions/shared/drop-link/record.ts';
import { objection, type LinkDrop } from '../../../functions/shared/drop-link/verdict.ts';
import { givenRecord, linkId } from './given.ts';

describe('a type', () => {
  it.each([
    ['pdf', '.pdf'],
    ['.PDF', '.pdf'],
    ['image/*', 'image/*'],
    [' Image/PNG ', 'image/png'],
  ])('written as %s is %s', (given, type) => {
    expect(parseFileType(given)).toBe(type);
  });

  it.each(['', '*', '*/*', 'image/', 'a b', '../x', 'image/png; q=1'])('is not %j', (given) => {
    expect(() => parseFileType(given)).toThrow('is no file type');
  });

  it.each([
    [[], 'x', undefined, true],
    [['.pdf'], 'REPORT.PDF', undefined, true],
    [['.pdf'], 'report.pdf.exe', 'application/pdf', false],
    [['.pdf'], 'pdf', undefined, false],
    [['image/*'], 'x', 'image/png', true],
    [['image/*'], 'x.png', 'imagery/png', false],
    [['image/png'], 'x', 'IMAGE/PNG; charset=x', true],
    [['image/png'], 'x.png', undefined, false],
    [['.pdf', 'image/png'], 'x', 'image/png', true],
  ] as const)('of %j is right for %s of type %s: %s', (types, name, contentType, allowed) => {
    expect(isAllowedType(types, { name, contentType })).toBe(allowed);
  });

  it.each([
    [[], ['starts-with', '']],
    [['.pdf'], ['starts-with', '']],
    [
      ['.pdf', 'image/png'],
      ['starts-with', ''],
    ],
    [['image/png'], ['eq', 'image/png']],
    [['image/*'], ['starts-with', 'image/']],
    [
      ['image/png', 'image/jpeg'],
      ['starts-with', 'image/'],
    ],
    [
      ['image/*', 'video/*'],
      ['starts-with', ''],
    ],
  ])('of %j becomes the condition %j', (types, [operator, value]) => {
    expect(contentTypeCondition(types)).toEqual([operator, '$Content-Type', value]);
  });
});

it('has a form for each slot, bound to its agent, its link and its size', () => {
  const record = givenRecord({ types: ['application/pdf'] });
  expect(slotForm(record, 2)).toEqual({
    key: `main/_outbox/.links/${linkId}/2/\${filename}`,
    conditions: [
      ['content-length-range', 1, 1000],
      ['eq', '$Content-Type', 'application/pdf'],
    ],
  });
});

describe('the path of a drop', () => {
  it.each(['1/x.pdf', '100/a/../b', '7/\n', '3/'])('names its slot: %j', (rest) => {
    const [slot = '', ...name] = rest.split('/');
    expect(parseLinkPath(`.links/${linkId}/${rest}`)).toEqual({
      id: linkId,
      slot: Number(slot),
      name: name.join('/'),
    });
  });

  it.each([
    `.links/${linkId}/0/x`,
    `.links/${linkId}/01/x`,
    `.links/${linkId}/1000/x`,
    `.links/${linkId}/1`,
    `.links/${linkId.toUpperCase().replaceAll('0', 'A')}/1/x`,
    `.links/../${linkId}/1/x`,
    `x/.links/${linkId}/1/x`,
  ])('is no place of a link: %s', (path) => {
    expect(parseLinkPath(path)).toBeUndefined();
  });
});

describe('what is held against a drop', () => {
  const drop: LinkDrop = {
    ...{ id: linkId, slot: 1, name: 'a.pdf', size: 1000, contentType: 'application/pdf' },
    modified: '2026-01-01T12:00:00.000Z',
  };
  const against = (change: Partial<LinkDrop>, record = givenRecord()): string | undefined =>
    objection(record, { maxDropBytes: 5000 }, { ...drop, ...change });

  it('is nothing at the edge of every limit', () => {
    const edge = { slot: 3, modified: '2026-01-02T01:00:00.000Z' };
    expect(against(edge, givenRecord({ types: ['.pdf'] }))).toBeUndefined();
  });

  it.each([
    ['one byte too many', { size: 1001 }, {}, 'has 1001 bytes; the link allows 1000'],
    ['a slot too far', { slot: 4 }, {}, 'the link has 3 places for files, and this is number 4'],
    [
      'a second after the grace',
      { modified: '2026-01-02T01:00:01.000Z' },
      {},
      'the link had expired at 2026-01-02T00:00:00.000Z',
    ],
    ['another type', {}, { types: ['.png'] }, 'is of another type than the link allows: .png'],
    [
      'a revoked link, though it came before',
      {},
      { revokedAt: '2026-01-01T13:00:00.000Z' },
      'the link was revoked at 2026-01-01T13:00:00.000Z',
    ],
    [
      'more than the agent takes',
      { size: 5001 },
      { maxBytes: 9000 },
      'has 5001 bytes; sync.maxDropBytes allows 5000',
    ],
  ])('is %s', (_, change, record, reason) => {
    expect(against(change, givenRecord(record))).toBe(reason);
  });
});

it.each([
  ['Invoices 2026', true],
  ['Größe_1.b-c', true],
  ['', false],
  ['.receipts', false],
  ['a/b', false],
  ['a\\b', false],
  ['..', false],
  ['CON', false],
  ['skills', false],
  ['AGENTS.md', false],
  ['ends.', false],
  ['x'.repeat(61), false],
  ['evil\u202egpj', false],
])('calls a link %j: %s', (label, good) => {
  expect(isGoodLabel(label)).toBe(good);
});
