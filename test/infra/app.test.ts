import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { readConfig, readSettings, SettingsError } from '../../infra/settings.ts';
import { givenFile } from './fixtures.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The real app as the CDK starts it. */
function synthesize(configFile: string): { status: number | null; said: string; made: string[] } {
  const out = mkdtempSync(join(tmpdir(), 'infra-app-'));
  const { status, output } = spawnSync('node_modules/.bin/node', ['infra/app.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      CDK_OUTDIR: out,
      CDK_CONTEXT_JSON: JSON.stringify({ config: configFile }),
    },
  });
  const made = readdirSync(out);
  rmSync(out, { recursive: true });
  return { status, said: output.join(''), made };
}

describe('a configuration with mistakes', () => {
  it('ends the app with all of them and without a stack', () => {
    const { path, remove } = givenFile(
      'mistakes.json',
      JSON.stringify({
        deployment: 'home',
        agents: {
          ann: { sync: { provider: 'dropbx', interval: 5 } },
          bob: { sync: { provider: 'dropbox', mode: 'mailbox', dropbox: { token: 'sl.live' } } },
        },
      }),
    );
    const { status, said, made } = synthesize(path);
    remove();
    expect(status).toBe(1);
    for (const key of ['ann.sync.provider', 'ann.sync.interval', 'bob.sync.dropbox.token']) {
      expect(said).toContain(key);
    }
    expect(said).not.toMatch(/^\s+at /m);
    expect(said).not.toContain('sl.live');
    expect(made).toEqual([]);
  });

  it.each(['mailbox', 'mirror', 'bisync', 'both-ways'])('is judged by its mode: %s', (mode) => {
    const { path, remove } = givenFile(
      'mode.json',
      JSON.stringify({
        deployment: 'home',
        agents: { ann: { sync: { provider: 'dropbox', mode, dropbox: { token: '${T}' } } } },
      }),
    );
    const read = (): unknown => readConfig((name) => (name === 'config' ? path : undefined));
    if (mode === 'both-ways') expect(read).toThrow(/sync\.mode/);
    else expect(read()).toMatchObject({ config: { agents: [{ sync: { mode } }] } });
    remove();
  });

  it('that is missing is named, and the example with it', () => {
    const read = (): unknown =>
      readConfig((name) => (name === 'config' ? 'nowhere.json' : undefined));
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/nowhere\.json.*workspace-sync\.example\.json/);
  });
});

describe('settings', () => {
  const zip = (): string => 'layer.zip';
  const settings = (context: Record<string, unknown>): ReturnType<typeof readSettings> =>
    readSettings((name) => context[name], zip);

  it('are arm64, a layer of our own and the cloud by default', () => {
    expect(settings({})).toEqual({
      architecture: Architecture.ARM_64,
      rclone: { zip },
      local: false,
    });
  });

  it('follow the context', () => {
    const context = { architecture: 'x86_64', rcloneLayerArn: 'arn:layer:7', local: 'true' };
    expect(settings(context)).toEqual({
      architecture: Architecture.X86_64,
      rclone: { layerArn: 'arn:layer:7' },
      local: true,
    });
  });

  it('refuse an architecture that Lambda does not have', () => {
    expect(() => settings({ architecture: 'riscv' })).toThrow(/"riscv": it can be arm64 or x86_64/);
  });
});
