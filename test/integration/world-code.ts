/**
 * Bundles every function once for all worlds of a test run: nothing else of a deployment takes as
 * long, and the code is the same in each.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundleHandler } from '../../infra/constructs/bundle.ts';
import { functionNames } from '../../infra/constructs/job-function.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder with the code of each function, in a folder of its name, without any agent. */
    functionCode: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-sync-code-'));
  for (const name of functionNames) bundleHandler(name, [], join(folder, name));
  provide('functionCode', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
