import { describe, expect, it } from 'vitest';
import type { PlannedChange } from '../../../functions/shared/contract/index.ts';
import { planText } from '../../../functions/shared/runtime/plan-text.ts';
import { createPlan, mergePlans } from '../../../functions/shared/runtime/plan.ts';

function changes(count: number, side: PlannedChange['side'] = 'cloud'): PlannedChange[] {
  return Array.from({ length: count }, (_, index) => ({ path: `f${index}`, bytes: 2, side }));
}

describe('a plan', () => {
  it('counts everything and names the first thousand', () => {
    const plan = createPlan({ copy: changes(1_500) });

    expect(plan.copy).toHaveLength(1_000);
    expect(plan.totals.copy).toEqual({ files: 1_500, bytes: 3_000 });
    expect(plan.totals.delete).toEqual({ files: 0, bytes: 0 });
  });

  it('of two runs has the sum of both', () => {
    const plan = mergePlans(
      createPlan({ copy: changes(900), delete: changes(1) }),
      createPlan({ copy: changes(900, 'workspace') }),
    );

    expect(plan.copy).toHaveLength(1_000);
    expect(plan.totals.copy).toEqual({ files: 1_800, bytes: 3_600 });
    expect(plan.totals.delete).toEqual({ files: 1, bytes: 2 });
  });
});

describe('a plan in words', () => {
  it('has a line for each change, and what they come to', () => {
    const text = planText(
      createPlan({
        copy: [{ path: 'new.txt', bytes: 3, side: 'cloud' }],
        delete: [{ path: 'old.txt', bytes: 5_300_000, side: 'workspace' }],
        conflict: [{ path: 'both.txt', bytes: 5, side: 'workspace' }],
      }),
    );

    expect(text.split('\n')).toEqual([
      '+ copy "new.txt" (3 B), in the cloud',
      '- delete "old.txt" (5.05 MiB), in the workspace',
      '! resolve "both.txt" (5 B), the version of the workspace wins',
      '1 to copy (3 B), 1 to delete (5.05 MiB), 1 to resolve (5 B).',
    ]);
  });

  it('says how many more there are, and when there is nothing to do', () => {
    expect(planText(createPlan({ update: changes(60) }))).toContain('~ update 10 more');
    expect(planText(createPlan({}))).toBe('Nothing to do: both sides are in step.');
  });

  it('lets no name break out of its line', () => {
    const path = 'a\n- delete "everything"\u001b[2J\u202e';
    const text = planText(createPlan({ copy: [{ path, bytes: 1, side: 'cloud' }] }));

    expect(text.split('\n')).toHaveLength(2);
    for (const line of text.split('\n')) expect(line).not.toMatch(/\p{Cc}|\u202e/u);
  });
});
