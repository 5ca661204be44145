import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../functions/shared/config/index.ts';
import { environment } from '../../functions/shared/contract/index.ts';
import { bundleHandler } from '../../infra/constructs/bundle.ts';
import type { FunctionName } from '../../infra/constructs/job-function.ts';
import { givenAgent } from './fixtures.ts';

const names: FunctionName[] = ['sync', 'drain', 'notify'];
const agents = [givenAgent('ann'), givenAgent('bob')];

/** Every name with some value: handlers read their environment when they are loaded. */
const variables = Object.fromEntries(Object.values(environment).map((name) => [name, '60']));

describe.each(names)('the bundle of %s', (name) => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `bundle-${name}-`));
    bundleHandler(name, agents, folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is one module beside the agents', () => {
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'agents',
      'agents/ann.json',
      'agents/bob.json',
      'index.mjs',
    ]);
  });

  it('holds the configuration as the functions read it', async () => {
    expect(await loadAgentConfig(join(folder, 'agents'), 'ann')).toEqual(agents[0]);
  });

  it('needs nothing around it, and exports the handler', () => {
    const script = `import('${join(folder, 'index.mjs')}').then((m) => console.log(typeof m.handler))`;
    const said = execFileSync(process.execPath, ['-e', script], {
      cwd: folder,
      env: { ...variables, POWERTOOLS_LOG_LEVEL: 'INFO', S3_PROVIDER: 'AWS', AWS_REGION: 'x' },
    });
    expect(said.toString().trim()).toBe('function');
  });

  it('is the same every time', () => {
    const first = readFileSync(join(folder, 'index.mjs'));
    bundleHandler(name, agents, folder);
    expect(readFileSync(join(folder, 'index.mjs')).equals(first)).toBe(true);
  });
});
