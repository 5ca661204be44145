import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/openclaw/**/*.test.ts'],
    globalSetup: ['test/integration/world-code.ts'],
    env: { CDK_VALIDATION: 'false' },
    // OpenClaw takes some seconds to start, again for each command.
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
