import type * as Crypto from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { NameTable } from '../../../../functions/shared/snapshot/archive/name-table.ts';

const hashed: string[] = [];
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof Crypto>();
  /** A digest of which somebody has made the first 64 bits the same for all names. */
  const collided = (algorithm: string, text: string): Buffer => {
    hashed.push(text);
    return real.hash(algorithm, text, 'buffer').fill(7, 0, 8);
  };
  return { ...real, hash: collided };
});

it('tells names apart whose digests begin with the same 64 bits', () => {
  const table = new NameTable();
  for (let index = 0; index < 2_000; index++) table.set(`name ${index}`, 1 + (index % 255));

  expect(table.size).toBe(2_000);
  expect(table.get('name 1999')).toBe(1 + (1_999 % 255));
  expect(table.get('name 2000')).toBe(0);
});

it('salts its digests, each table for itself', () => {
  hashed.length = 0;

  new NameTable().get('name');
  new NameTable().get('name');

  expect(new Set([...hashed, 'name']).size).toBe(3);
});
