import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selectSnapshots } from '../../../functions/shared/retention/select.ts';
import type { Recording } from '../../fixtures/restic-forget/record.ts';
import { allSeries } from '../../fixtures/restic-forget/series.ts';
import { snapshotAt } from './given.ts';

const recording = JSON.parse(
  readFileSync(new URL('../../fixtures/restic-forget/recorded.json', import.meta.url), 'utf8'),
) as Recording;
const now = Date.parse('2026-01-01T00:00:00Z');

/** `0-3,7` for 0, 1, 2, 3 and 7. */
function indexes(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [start = NaN, end = start] = range.split('-').map(Number);
    return Array.from({ length: end - start + 1 }, (_, index) => start + index);
  });
}

/** The seconds of the snapshots that restic kept, by rule. */
function keptByRestic(kept: Record<string, string>, times: number[]): Map<string, Set<number>> {
  const distinct = [...new Set(times)];
  const timesAt = (ranges: string): number[] => indexes(ranges).map((at) => distinct[at] ?? NaN);
  return new Map(Object.entries(kept).map(([rule, ranges]) => [rule, new Set(timesAt(ranges))]));
}

describe(`the selection, compared with ${recording.restic}`, () => {
  const cases = recording.series.flatMap(({ zone, name, kept }) =>
    recording.policies.map((policy, index) => ({
      zone,
      name,
      policy,
      rules: JSON.stringify(policy),
      kept: kept[index] ?? {},
    })),
  );
  const series = new Map(allSeries().map(({ zone, name, times }) => [`${zone} ${name}`, times]));

  it('covers every series', () => {
    expect(recording.series.map(({ zone, name }) => `${zone} ${name}`)).toEqual([...series.keys()]);
    expect(cases.every(({ kept }) => Object.keys(kept).length > 0)).toBe(true);
  });

  it.each(cases)('keeps the same by the same rules: $zone $name $rules', (given) => {
    const times = series.get(`${given.zone} ${given.name}`) ?? [];
    const snapshots = times.map((time, index) => snapshotAt(time * 1000, { id: `${index}` }));

    const decisions = selectSnapshots(snapshots, given.policy, { now, timeZone: given.zone });

    const kept = new Map<string, Set<number>>();
    for (const { id, reasons } of decisions.filter(({ keep }) => keep)) {
      for (const [, rule = ''] of reasons.join('\n').matchAll(/^(\w+)(?:| .+):/gm)) {
        kept.set(rule, (kept.get(rule) ?? new Set()).add(times[Number(id)] ?? NaN));
      }
    }
    const expected = keptByRestic(given.kept, times);
    expect(kept).toEqual(expected);
    // The guard keeps the newest, which the rules keep as well.
    const selected = new Set(
      decisions.filter(({ keep }) => keep).map(({ id }) => times[Number(id)]),
    );
    expect(selected).toEqual(new Set([...expected.values()].flatMap((each) => [...each])));
  });
});
