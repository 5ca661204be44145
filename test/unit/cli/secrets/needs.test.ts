import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../functions/shared/config/index.ts';
import { cureOf, secretNeeds } from '../../../../cli/secrets/needs.ts';
import { generatePassphrase, strengthOf } from '../../../../cli/secrets/passphrase.ts';
import { tokenIn } from '../../../../cli/secrets/value.ts';

function needsOf(json: object): string[] {
  return secretNeeds(parseConfig(json).config).map(
    ({ entry, reference, what }) => `${entry} ${reference} ${what.kind}`,
  );
}

const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${TOKEN}' } };

describe('the secrets that a configuration needs', () => {
  it('are found with the entry of each block', () => {
    const backup = { enabled: true, provider: 's3', encrypt: true, passphrase: '${PASS}' };
    const webhook = { url: 'https://example.com/hooks', token: '${HOOKS}' };
    expect(needsOf({ deployment: 'home', sync: dropbox, backup, webhook })).toEqual([
      'workspace-sync/home/main/sync TOKEN token',
      'workspace-sync/home/main/passphrase PASS passphrase',
      'workspace-sync/home/main/webhook HOOKS plain',
    ]);
  });

  it('are none for what is switched off', () => {
    const backup = { enabled: false, encrypt: true, passphrase: '${PASS}' };
    expect(needsOf({ sync: { ...dropbox, provider: 'off' }, backup })).toEqual([]);
  });

  it('are another agent’s where the block says so, and named once', () => {
    const shared = { ...dropbox, remotePath: 'b', credentialsOf: 'ann' };
    const agents = { ann: { sync: { ...dropbox, remotePath: 'a' } }, bob: { sync: shared } };
    expect(needsOf({ agents })).toEqual(['workspace-sync/default/ann/sync TOKEN token']);
  });

  it('are the storage’s own where snapshots lie elsewhere', () => {
    const s3 = {
      bucket: 'b',
      endpoint: 'https://r2.example',
      accessKeyId: '${ID}',
      secretAccessKey: '${KEY}',
    };
    const backup = { enabled: true, provider: 's3', s3 };
    expect(needsOf({ sync: dropbox, backup })).toContain(
      'workspace-sync/default/main/backup KEY plain',
    );
  });

  it('come with the command that sets them, and nothing else in its line', () => {
    const [need] = secretNeeds(parseConfig({ sync: dropbox }).config);
    expect(need && cureOf(need, { local: true })).toEqual({
      cure: 'workspace-sync authorize --agent main --local',
      otherwise: 'workspace-sync secrets set TOKEN --agent main --local',
    });
  });
});

describe('a passphrase', () => {
  it.each(['password', 'hunter2', 'qwertyuiop', '20261123'])('such as %s is weak', async (text) => {
    const { isWeak, advice } = await strengthOf(text);
    expect(isWeak).toBe(true);
    expect(advice).not.toContain(text);
  });

  it('that was made is strong, and another each time', async () => {
    const one = generatePassphrase();
    expect((await strengthOf(one)).isWeak).toBe(false);
    expect(generatePassphrase()).not.toBe(one);
    expect(one).toMatch(/^([a-z2-9]{5}-){5}[a-z2-9]{5}$/);
  });
});

describe('a token', () => {
  it('is found in what rclone prints around it', () => {
    const token = '{"access_token":"a","refresh_token":"r"}';
    expect(tokenIn(`Paste --->\n${token}\n<---End paste`)).toBe(token);
  });

  it.each(['', 'sl.plain-token', '{"access_token":"a"}'])('is not %j', (text) => {
    expect(() => tokenIn(text)).toThrow('refreshed');
  });
});
