import { defineConfig } from 'vitest/config';
import type { TestSequencer, TestSpecification } from 'vitest/node';

/**
 * The CDK's own validation of templates takes several times as long as the rest of a synthesis. It is
 * switched on again where it is what is tested: test/infra/rules.test.ts.
 */
const withoutValidation = { CDK_VALIDATION: 'false' };

/** What takes longest begins first; the tour, for one, mostly waits for a schedule. */
const longest = [
  'integration/permissions',
  'integration/cli-setup',
  'integration/snapshot-crash',
  'integration/tour',
  'integration/snapshots',
  'integration/cli-daily',
  'integration/modes',
  'integration/crash',
  'integration/cap',
  'integration/status',
  'integration/drops',
  'integration/mailbox',
  'contract/snapshot-store',
  'contract/recovery-kit',
  'contract/sync-providers',
  'infra/rules',
].map((name) => `/test/${name}.test.ts`);

function rankOf({ moduleId }: TestSpecification): number {
  const rank = longest.findIndex((name) => moduleId.endsWith(name));
  return rank === -1 ? longest.length : rank;
}

class LongestFirst implements TestSequencer {
  sort(files: TestSpecification[]): TestSpecification[] {
    return files.toSorted((one, other) => rankOf(one) - rankOf(other));
  }

  /** Nobody divides the tests among machines. */
  shard(files: TestSpecification[]): TestSpecification[] {
    return files;
  }
}

export default defineConfig({
  test: {
    // Much of the work is waiting: for processes, for leases to expire, for a schedule to come round.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 120_000,
          env: withoutValidation,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/world-code.ts'],
          env: withoutValidation,
          // More than what takes longest needs on a slow machine: to be slow is no fault.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 5,
          // Each deploys for itself: they do not begin before the others have left the cores.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
