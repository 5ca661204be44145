import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../functions/shared/config/index.ts';
import { environment } from '../../functions/shared/contract/index.ts';
import { bundleHandler, writeRecoveryKit } from '../../infra/constructs/bundle.ts';
import type { FunctionName } from '../../infra/constructs/job-function.ts';
import { givenAgent } from './fixtures.ts';

const names: FunctionName[] = ['sync', 'drain', 'backup', 'notify'];
const agents = [givenAgent('ann'), givenAgent('bob')];

/** Every name with some value: handlers read their environment when they are loaded. */
const variables = Object.fromEntries(Object.values(environment).map((name) => [name, '60']));

/** What the kit's files are called, without their ending. */
function givenKit(folder: string): string {
  const [program = ''] = readdirSync(join(folder, 'recovery'));
  expect(program).toMatch(/^workspace-sync-recovery-\d+\.\d+\.\d+-[0-9a-f]{8}\.mjs$/);
  return program.slice(0, -'.mjs'.length);
}

describe.each(names)('the bundle of %s', (name) => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `bundle-${name}-`));
    bundleHandler(name, agents, folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is one module beside the agents, and with snapshots goes the recovery kit', () => {
    const kit = name === 'backup' ? givenKit(folder) : '';

    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'agents',
      'agents/ann.json',
      'agents/bob.json',
      'index.mjs',
      ...(name === 'backup' ? ['recovery', `recovery/${kit}.mjs`, `recovery/${kit}.txt`] : []),
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

describe('the recovery kit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-kit-'));

  /** What another process makes of the same sources, in another folder. */
  function givenBuiltElsewhere(): string {
    const module = join(import.meta.dirname, '../../infra/constructs/bundle.ts');
    const script = `import('${module}').then((m) => m.writeRecoveryKit('${join(folder, 'elsewhere')}'))`;
    execFileSync(process.execPath, ['-e', script], { cwd: folder });
    return join(folder, 'elsewhere');
  }

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is the same in every build, and called after what is in it', () => {
    writeRecoveryKit(join(folder, 'recovery'));
    const elsewhere = givenBuiltElsewhere();

    const kit = givenKit(folder);

    const program = readFileSync(join(folder, 'recovery', `${kit}.mjs`));
    const page = readFileSync(join(import.meta.dirname, '../../recovery/page.txt'));
    const content = createHash('sha256').update(program).update(page).digest('hex');
    expect(kit.endsWith(`-${content.slice(0, 8)}`)).toBe(true);
    expect(readdirSync(elsewhere)).toEqual([`${kit}.mjs`, `${kit}.txt`]);
    expect(readFileSync(join(elsewhere, `${kit}.mjs`)).equals(program)).toBe(true);
  });

  it('holds no path of the machine that built it, and nothing that reaches a network', () => {
    writeRecoveryKit(join(folder, 'recovery'));
    const program = readFileSync(join(folder, 'recovery', `${givenKit(folder)}.mjs`), 'utf8');

    const needed = [...program.matchAll(/require\("([^"]+)"\)/g)].map((match) => match[1]);

    expect(program).not.toContain(join(import.meta.dirname, '../..'));
    expect(program).not.toMatch(/\bfetch\(|XMLHttpRequest|WebSocket/);
    expect(needed.length).toBeGreaterThan(5);
    expect(
      needed.filter((name) => /http|net|tls|dgram|dns|child_process/.test(name ?? '')),
    ).toEqual([]);
  });
});
