import { describe, expect, it } from 'vitest';
import {
  asExpired,
  expiresBefore,
  isRefreshable,
  sameRefreshToken,
  tokenIn,
} from '../../../functions/shared/credentials/token.ts';

const noon = Date.parse('2026-11-22T12:00:00Z');
const token = (changes: object): string =>
  JSON.stringify({ access_token: 'a', token_type: 'Bearer', refresh_token: 'r', ...changes });

describe('whether a token ends before a time', () => {
  it.each([
    ['ends before', { expiry: '2026-11-22T11:59:59.123456789Z' }, true],
    ['ends after', { expiry: '2026-11-22T12:00:01Z' }, false],
    ['ends before, in another time zone', { expiry: '2026-11-22T12:59:59.5+01:00' }, true],
    ['ends after, in another time zone', { expiry: '2026-11-22T11:00:01-01:00' }, false],
    ['never ends, in Go’s words', { expiry: '0001-01-01T00:00:00Z' }, false],
    ['does not say', {}, false],
    ['has no access token', { access_token: '', expiry: '2027-01-01T00:00:00Z' }, true],
    ['cannot be refreshed', { refresh_token: '', expiry: '2020-01-01T00:00:00Z' }, false],
  ])('%s', (_, changes, expected) => {
    expect(expiresBefore(token(changes), noon)).toBe(expected);
  });

  it.each(['', 'plain', '"text"', 'null', '{}', '{"refresh_token":1}'])(
    '%j is no such token',
    (text) => {
      expect(isRefreshable(text)).toBe(false);
      expect(expiresBefore(text, noon)).toBe(false);
      expect(asExpired(text)).toBe(text);
    },
  );
});

it('ages a token and leaves the rest of it', () => {
  const aged = asExpired(token({ expiry: '2027-01-01T00:00:00Z', extra: 1 }));
  expect(JSON.parse(aged)).toMatchObject({ access_token: 'a', refresh_token: 'r', extra: 1 });
  expect(expiresBefore(aged, noon)).toBe(true);
  expect(sameRefreshToken(aged, token({ access_token: 'b' }))).toBe(true);
  expect(sameRefreshToken(aged, token({ refresh_token: 's' }))).toBe(false);
});

describe('the token in a config file', () => {
  const config = [
    '[a]',
    'type = x',
    'token = {"a":1}',
    '',
    '[b]',
    'type = y',
    '',
    '[c]',
    'token = {"c":1}',
  ];

  it.each([
    ['a', '{"a":1}'],
    ['b', undefined],
    ['c', '{"c":1}'],
    ['d', undefined],
  ])('is that of its own section: %s', (section, expected) => {
    expect(tokenIn(config.join('\n'), section)).toBe(expected);
  });
});
