import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeOf, type OutcomeContext } from '../../../functions/shared/notification/outcome.ts';
import type { Answer } from '../../../functions/shared/notification/post.ts';
import {
  backOffSeconds,
  longestDelaySeconds,
  retryAfterSeconds,
} from '../../../functions/shared/notification/retry-delay.ts';
import { answer, token } from './world.ts';

const now = Date.parse('2026-11-22T10:00:00.000Z');
const context: OutcomeContext = { earlierFailures: 0, now, random: () => 0.5, secrets: [token] };

function reasonOf(given: Answer): string {
  const outcome = outcomeOf(given, context);
  return 'reason' in outcome ? outcome.reason : '';
}

describe('what an answer means', () => {
  test.each([
    ['delivered', [200, 201, 202, 204, 299]],
    ['unauthorized', [401, 403]],
    ['permanent', [300, 301, 302, 303, 307, 308, 400, 404, 405, 410, 413, 415, 422, 499]],
    ['retry', [408, 409, 425, 429, 500, 502, 503, 504, 599]],
  ])('%s', (kind, statuses) => {
    for (const status of statuses) expect(outcomeOf(answer(status), context).kind).toBe(kind);
  });

  test('no answer is tried again', () => {
    const outcome = outcomeOf({ kind: 'unanswered', code: 'ECONNREFUSED' }, context);
    expect(outcome).toEqual({
      kind: 'retry',
      afterSeconds: 3,
      reason: 'The webhook did not answer: ECONNREFUSED.',
    });
  });

  test('a wait that was asked for is kept, whatever the status', () => {
    for (const status of [408, 409, 425, 429, 503]) {
      const outcome = outcomeOf(answer(status, { retryAfter: '60' }), context);
      expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: 60 });
    }
  });

  test('the back-off grows with the failures before', () => {
    const outcome = outcomeOf(answer(503), { ...context, earlierFailures: 3 });
    expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: 20 });
  });
});

describe('the reason', () => {
  test('quotes the beginning of the body as data', () => {
    expect(reasonOf(answer(400, { body: '{"ok":false,"error":"text required"}\n' }))).toBe(
      String.raw`The webhook answered 400 "{\"ok\":false,\"error\":\"text required\"}\u000a".`,
    );
  });

  test('is short and on one line, however the body looks', () => {
    const reason = reasonOf(answer(500, { body: '\u202e\n\u001b'.repeat(10_000) }));
    expect(reason.length).toBeLessThan(400);
    expect(reason).toMatch(/^[\x20-\x7e…]+$/u);
  });

  test('withholds a body that repeats a secret, or the beginning of one', () => {
    for (const body of [`Bearer ${token}`, `…${token.slice(0, 9)}`]) {
      expect(reasonOf(answer(500, { body }))).toBe(
        'The webhook answered 500 (body withheld: it repeats a secret).',
      );
    }
  });

  test('says that redirects are not followed', () => {
    expect(reasonOf(answer(302))).toBe('The webhook answered 302. Redirects are not followed.');
  });
});

describe('Retry-After', () => {
  test.each([
    ['60', 60],
    [' 7 ', 7],
    ['999999999999', longestDelaySeconds],
    ['Sun, 22 Nov 2026 10:01:30 GMT', 90],
    ['Sun, 22 Nov 2030 10:00:00 GMT', longestDelaySeconds],
  ])('%s', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  test.each([
    [undefined],
    [''],
    ['0'],
    ['-5'],
    ['1.5'],
    ['soon'],
    ['later 7'],
    ['Sun, 22 Nov 2026 09:00:00 GMT'],
    ['Xxx, 99 Xxx 2026 99:99:99 GMT'],
  ])('%s says nothing', (header) => {
    expect(retryAfterSeconds(header, now)).toBeUndefined();
  });
});

describe('back-off', () => {
  test('doubles from 5 seconds to 15 minutes, and jitters over the whole of it', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((n) => backOffSeconds(n, () => 1));
    expect(ceilings).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    expect(backOffSeconds(5, () => 0.5)).toBe(40);
    expect(backOffSeconds(5, () => 0)).toBe(1);
  });

  test('is always a whole number of seconds that a queue takes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const seconds = backOffSeconds(failures, () => random);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(900);
      }),
    );
  });
});
