import { describe, expect, it } from 'vitest';
import { expectKeys, noticesOf } from './given.ts';

const dropbox = { provider: 'dropbox', dropbox: { token: '${TOKEN}' }, mode: 'mailbox' };
const s3 = { provider: 's3', s3: { bucket: 'team' }, mode: 'mailbox' };

function givenTwo(one: object, two: object) {
  return { agents: { one: { sync: one }, two: { sync: two } } };
}

function warned(json: ReturnType<typeof givenTwo>): string[] {
  return noticesOf(json)
    .filter(({ message }) => message.includes('of agent one'))
    .map(({ key }) => key);
}

describe('the cloud folders of two agents', () => {
  it.each([
    ['are one', 'a', 'a'],
    ['lie in each other', 'a', 'a/b'],
    ['lie in each other the other way round', 'a/b', 'a'],
    ['are the root and a folder', '', 'a'],
  ])('are refused where they %s', (_, first, second) => {
    expectKeys(givenTwo({ ...s3, remotePath: first }, { ...s3, remotePath: second }), [
      'agents.two.sync.remotePath',
    ]);
  });

  it('are refused where both use one token', () => {
    const shared = { ...dropbox, remotePath: 'A', credentialsOf: 'one' };

    expectKeys(givenTwo({ ...dropbox, remotePath: 'a' }, shared), ['agents.two.sync.remotePath']);
  });

  it('are warned of where the secrets alone could tell', () => {
    expect(warned(givenTwo(dropbox, dropbox))).toEqual(['agents.two.sync.remotePath']);
  });

  it.each([
    ['lie apart', { ...s3, remotePath: 'a' }, { ...s3, remotePath: 'ab' }],
    ['are in two buckets', s3, { ...s3, s3: { bucket: 'other' } }],
    ['are with two providers', s3, dropbox],
    ['are only read from', { ...s3, mode: 'mirror' }, { ...s3, mode: 'mirror' }],
    ['are not there', { provider: 'off' }, { provider: 'off' }],
  ])('are in order where they %s', (_, one, two) => {
    expect(warned(givenTwo(one, two))).toEqual([]);
  });
});
