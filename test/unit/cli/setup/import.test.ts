import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences } from '../../../../cli/setup/differences.ts';
import { readDeployment, withAgent, writeDeployment } from '../../../../cli/setup/file.ts';
import { importPlugin, withoutSecrets } from '../../../../cli/setup/import.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'workspace-sync-import-'))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function given(text: string): string {
  const file = join(folder, 'file.json');
  writeFileSync(file, text);
  return file;
}

describe('an import', () => {
  it('takes what a gateway takes, also where the plugin is switched off', async () => {
    const { blocks, secrets } = await importPlugin(
      given(`{ /* mine */ plugins: { entries: { 'openclaw-workspace-sync': { enabled: false, config: {
        provider: 'dropbox', mode: 'mirror', dropbox: { token: 'literal', }, }, }, }, }, }`),
    );
    expect(blocks).toMatchObject({ sync: { dropbox: { token: '${DROPBOX_TOKEN}' } } });
    expect(secrets).toEqual({ DROPBOX_TOKEN: 'literal' });
  });

  it('quotes nothing of a file that it cannot read', async () => {
    const file = given('{ token: "my-secret" oops }');
    await expect(importPlugin(file)).rejects.toThrow(/line 1, column/);
    await expect(importPlugin(file)).rejects.not.toThrow('my-secret');
  });

  it('says that a file goes too deep, and does not fall over it', async () => {
    const file = given(`{ sync: { exclude: ${'['.repeat(20_000)}${']'.repeat(20_000)} } }`);
    await expect(importPlugin(file)).rejects.toThrow(/deeper than any setting/);
  });

  it('moves secrets of rclone that have other names, or stand in an address', () => {
    const rcloneOptions = {
      headers: 'Authorization,Basic eDp5',
      session_id: 's',
      url: 'https://ann:pass@dav.example/',
      endpoint: 'https://dav.example/?access_token=t',
    };
    const { blocks, secrets } = withoutSecrets({ sync: { custom: { rcloneOptions } } });
    expect(blocks).toEqual({
      sync: {
        custom: {
          rcloneOptions: {
            headers: '${CUSTOM_HEADERS}',
            session_id: '${CUSTOM_SESSION_ID}',
            url: '${CUSTOM_URL}',
            endpoint: '${CUSTOM_ENDPOINT}',
          },
        },
      },
    });
    expect(Object.values(secrets)).toEqual(Object.values(rcloneOptions));
  });

  it('leaves references and what is no secret alone', () => {
    const blocks = {
      sync: { custom: { rcloneOptions: { url: 'u', pass: 'p', user: 'x', key_file: 'f' } } },
      backup: { passphrase: '${KEPT}' },
    };
    expect(withoutSecrets(blocks)).toEqual({
      blocks: {
        sync: {
          custom: { rcloneOptions: { url: 'u', pass: '${CUSTOM_PASS}', user: 'x', key_file: 'f' } },
        },
        backup: { passphrase: '${KEPT}' },
      },
      secrets: { CUSTOM_PASS: 'p' },
    });
  });
});

describe('what means something different', () => {
  const keys = (blocks: object): string[] => differences({ ...blocks }).map(({ key }) => key);

  it('is told only where it applies', () => {
    const workspace = { kind: 'remote' };
    expect(
      keys({ workspace, sync: { provider: 'dropbox', mode: 'mailbox', localPath: '/' } }),
    ).toEqual([]);
    expect(keys({ workspace, sync: { provider: 'dropbox', mode: 'mirror' } })).toEqual([
      'sync.localPath',
      'sync.mode',
    ]);
    expect(keys({ sync: { onSessionEnd: true } })).toEqual([
      'workspace',
      'sync.onSessionStart, sync.onSessionEnd',
    ]);
  });
});

describe('the configuration file', () => {
  const blocks = { sync: { provider: 'off' } };
  const placement = { deployment: 'home', agent: 'main', blocks, top: {} };

  it('keeps what a setup does not know', () => {
    const before = {
      deployment: 'home',
      tracing: true,
      agents: { main: { sync: { provider: 'dropbox', exclude: ['a'] } }, other: { sync: {} } },
    };
    expect(withAgent(before, placement)).toEqual({
      ...before,
      agents: { main: { sync: { provider: 'off', exclude: ['a'] } }, other: { sync: {} } },
    });
  });

  it('is written whole or not at all', async () => {
    const file = given('{"sync":{"provider":"off"}}');
    const wrong = withAgent(undefined, { ...placement, blocks: { sync: { interval: 1 } } });
    await expect(writeDeployment(file, wrong)).rejects.toThrow('interval');
    expect(readFileSync(file, 'utf8')).toBe('{"sync":{"provider":"off"}}');
    expect(readdirSync(folder)).toEqual(['file.json']);
    await writeDeployment(file, withAgent(undefined, placement));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ agents: { main: blocks } });
  });

  it('in the nested or flat form gets a name for its agent', () => {
    const nested = given('{"agent":"ann","alarmEmail":"a@example.com","sync":{"provider":"off"}}');
    expect(readDeployment(nested)).toEqual({
      deployment: 'default',
      alarmEmail: 'a@example.com',
      agents: { ann: { sync: { provider: 'off' } } },
    });
    const flat = given('{"provider":"off","tracing":true}');
    expect(readDeployment(flat)).toEqual({
      deployment: 'default',
      tracing: true,
      agents: { main: { sync: { provider: 'off' } } },
    });
  });
});
