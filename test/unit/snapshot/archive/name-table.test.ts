import type * as Crypto from 'node:crypto';
import { afterAll, expect, it, vi } from 'vitest';

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

// One of its own: another file of tests may have loaded it already, or may do so next.
vi.resetModules();
const { NameTable } = await import('../../../../functions/shared/snapshot/archive/name-table.ts');
afterAll(() => {
  vi.doUnmock('node:crypto');
  vi.resetModules();
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
