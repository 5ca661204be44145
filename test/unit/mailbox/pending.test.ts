import { describe, expect, it } from 'vitest';
import { stateKeys } from '../../../functions/shared/contract/index.ts';
import type { DeliveryResult } from '../../../functions/shared/mailbox/deliver.ts';
import { beginDrops, finishDrops } from '../../../functions/shared/mailbox/pending.ts';
import { writeFenced } from '../../../functions/shared/state/fenced.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { drop } from './world.ts';

const done: DeliveryResult = {
  delivered: [],
  quarantined: [],
  skipped: [],
  remaining: 0,
  failures: 0,
  unremoved: [],
};

function givenPlace(): Parameters<typeof beginDrops>[0] {
  return { store: new MemoryObjectStore(), agent: 'main', fence: 1 };
}

describe('what is remembered of drops that are not done with', () => {
  it('is the run that saw them first, until they are', async () => {
    const place = givenPlace();
    const [first] = await beginDrops(place, [drop('a.txt')], 'run-1');
    const left = { ...done, skipped: [{ path: 'a.txt', reason: 'the disk is full' }] };
    await finishDrops(place, first ? [first] : [], left);

    const [second] = await beginDrops(place, [drop('a.txt')], 'run-2');

    expect(second).toEqual(drop('a.txt', { generation: 'run-1' }));
    await finishDrops(place, second ? [second] : [], done);
    const [third] = await beginDrops(place, [drop('a.txt')], 'run-3');
    expect(third?.generation).toBe('run-3');
  });

  it('is that one has been announced and could only not be removed', async () => {
    const place = givenPlace();
    const begun = await beginDrops(place, [drop('a.txt'), drop('b.txt')], 'run-1');
    const skipped = begun.map(({ path }) => ({ path, reason: 'some' }));
    await finishDrops(place, begun, { ...done, skipped, unremoved: ['a.txt'] });

    const again = await beginDrops(place, [drop('a.txt'), drop('b.txt')], 'run-2');

    expect(again.map(({ announced }) => announced)).toEqual([true, undefined]);
    expect(again.map(({ generation }) => generation)).toEqual(['run-1', 'run-1']);
  });

  it('is read as an earlier release has written it', async () => {
    const place = givenPlace();
    const { path, version } = drop('a.txt');
    const written = { [JSON.stringify([path, version])]: 'run-0' };
    await writeFenced(place.store, stateKeys.pendingDrops('main'), 1, written);

    const [begun] = await beginDrops(place, [drop('a.txt')], 'run-1');

    expect(begun).toEqual(drop('a.txt', { generation: 'run-0' }));
  });
});
