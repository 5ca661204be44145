import { describe, expect, it } from 'vitest';
import { mayBeOther, type Manifest } from '../../../functions/shared/one-way/manifest.ts';
import { inStepNow, type Done, type InStep } from '../../../functions/shared/one-way/remember.ts';
import type { ListedFile } from '../../../functions/shared/rclone/listing.ts';
import { file, names, noManifest, planFor } from './given.ts';

const copied = Date.parse('2026-11-22T10:00:30Z');
const looked = Date.parse('2026-11-22T10:10:00Z');

/** What is in step after a pull of one file, of which the workspace shows this now. */
function pulled(now: ListedFile, more: Partial<Done> = {}): InStep {
  const source = file('a');
  const plan = planFor({ direction: 'pull', source: [source] });
  return inStepNow({
    direction: 'pull',
    plan,
    outcome: {
      sent: new Map([[source.path, source.size]]),
      deleted: [],
      errors: [],
      retries: 0,
      timeUp: false,
    },
    manifest: noManifest,
    touched: [source],
    destination: [now],
    copiedAt: new Map([[source.path, copied]]),
    lookedAt: looked,
    caseInsensitive: false,
    ...more,
  });
}

describe('a file that was sent', () => {
  it.each([
    ['shows when it was copied', '2026-11-22T10:00:30Z'],
    ['shows the time of the original', '2020-01-01T00:00:00Z'],
    ['shows the second after, by a clock that is a little fast', '2026-11-22T10:00:31Z'],
    ['shows a time to come, by a clock that is far too fast', '2026-11-22T11:00:00Z'],
    ['shows no time', ''],
  ])('is in step if it %s', (_, modified) => {
    const { files, missing } = pulled(file('a', { modified }));

    expect(files.get('a')?.workspace).toBe(`3/${modified}`);
    expect(missing).toEqual([]);
  });

  const edited = file('a', { modified: '2026-11-22T10:05:00Z' });

  it('is sent once more if it may have been edited before anybody looked, and then believed', () => {
    const { files, missing } = pulled(edited);

    expect(missing).toEqual([]);
    const manifest: Manifest = { files, settled: true };
    const sides = { source: [file('a')], destination: [edited] };
    expect(names(planFor({ direction: 'pull', ...sides, manifest }))).toEqual({ update: ['a'] });
    const second = { files: pulled(edited, { manifest }).files, settled: true };
    expect(names(planFor({ direction: 'pull', ...sides, manifest: second }))).toEqual({
      unchanged: ['a'],
    });
  });

  it('is in step if all that was copied shows the same clock, which is fast', () => {
    const lead = Date.parse(edited.modified) - copied;
    const copiedAt = new Map([
      ['a', copied],
      ['b', copied + 60_000],
    ]);
    const other = (ms: number): ListedFile =>
      file('b', { modified: new Date(copied + 60_000 + ms).toISOString() });

    const fast = pulled(edited, { copiedAt, destination: [edited, other(lead)] });
    const right = pulled(edited, { copiedAt, destination: [edited, other(0)] });

    expect(fast.files.get('a')?.workspace).not.toBe(mayBeOther);
    expect(right.files.get('a')?.workspace).toBe(mayBeOther);
  });
});

describe('a provider that shows the hash of a file only some time later', () => {
  it('does not get it again', () => {
    const { files } = pulled(file('a'));

    const hashed = { source: [file('a', { hash: 'h1' })], destination: [file('a')] };
    const plan = planFor({ direction: 'pull', ...hashed, manifest: { files, settled: true } });

    expect(names(plan)).toEqual({ unchanged: ['a'] });
  });

  it('gets it again once it has changed', () => {
    const { files } = pulled(file('a'));

    const changed = file('a', { hash: 'h2', modified: '2026-11-23T10:00:00Z' });
    const sides = { source: [changed], destination: [file('a')] };
    const plan = planFor({ direction: 'pull', ...sides, manifest: { files, settled: true } });

    expect(names(plan)).toEqual({ update: ['a'] });
  });
});
