import { describe, expect, it } from 'vitest';
import {
  referencesIn,
  resolveReferences,
  UnresolvedReferencesError,
} from '../../../functions/shared/config/index.ts';

const block = { a: '${ONE}', b: ['${TWO}', 'plain', 3], c: { d: '${ONE}', e: 'x${ONE}', f: null } };

describe('references', () => {
  it('are listed sorted, each once, whole values only', () => {
    expect(referencesIn(block)).toEqual(['ONE', 'TWO']);
    expect(referencesIn(undefined)).toEqual([]);
  });

  it('are replaced in a copy', () => {
    const resolved = resolveReferences(block, { ONE: '1', TWO: '${ONE}' });

    expect(resolved).toEqual({
      a: '1',
      b: ['${ONE}', 'plain', 3],
      c: { d: '1', e: 'x${ONE}', f: null },
    });
    expect(block.a).toBe('${ONE}');
  });

  it('are all named where they have no answer, and no value is', () => {
    const entry = { TWO: '', THREE: 'hunter2', ONE: { nested: 'hunter2' } };

    const action = (): unknown => resolveReferences(block, entry);

    expect(action).toThrow(UnresolvedReferencesError);
    expect(action).toThrow(/\$\{ONE\}, \$\{TWO\}/);
    expect(action).not.toThrow(/hunter2/);
  });

  it('find nothing in what every object inherits', () => {
    expect(() => resolveReferences('${CONSTRUCTOR}', {})).toThrow(/CONSTRUCTOR/);
  });
});
