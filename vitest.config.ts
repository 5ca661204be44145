import { defineConfig } from 'vitest/config';

/**
 * The CDK's own validation of templates takes several times as long as the rest of a synthesis. It is
 * switched on again where it is what is tested: test/infra/rules.test.ts.
 */
const withoutValidation = { CDK_VALIDATION: 'false' };

export default defineConfig({
  test: {
    // Much of the work is waiting: for processes, for leases to expire, for a schedule to come round.
    maxWorkers: 3,
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 60_000,
          env: withoutValidation,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/world-code.ts'],
          env: withoutValidation,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // Each deploys for itself: they do not begin before the others have left the cores.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
