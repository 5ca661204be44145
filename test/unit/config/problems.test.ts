import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../functions/shared/config/index.ts';
import { nearest } from '../../../functions/shared/config/nearest.ts';
import { isSecretOption } from '../../../functions/shared/config/secret-options.ts';
import { dropbox, errorOf, expectKeys, expectProblem, problemsOf } from './given.ts';

describe('a file with ten mistakes', () => {
  const json = {
    deployment: 'Home',
    agents: {
      main: {
        sync: {
          provider: 'dropbox',
          localPath: '../up',
          intervall: 60,
          timeout: '1800',
          exclude: [''],
          notifyOnInbox: true,
        },
        backup: { retain: 'all', encrypt: true },
      },
    },
  };

  it('gives ten messages, with those that concern several keys', () => {
    expect(problemsOf(json).map(({ key }) => key)).toEqual([
      'deployment',
      'agents.main.sync.localPath',
      'agents.main.sync.exclude[0]',
      'agents.main.sync.timeout',
      'agents.main.sync.intervall',
      'agents.main.backup.retain',
      'agents.main.sync.dropbox.token',
      'agents.main.sync.mode',
      'agents.main.sync.notifyOnInbox',
      'agents.main.backup.passphrase',
    ]);
  });

  it('names key, value, what is allowed and what to change', () => {
    const { message } = errorOf(() => parseConfig(json, 'sync.json'));

    expect(message).toContain('sync.json has 10 problems');
    expect(message).toContain(
      [
        '  agents.main.sync.timeout',
        '    given:   "1800"',
        '    allowed: a number of seconds from 60',
        '    change:  Write 1800 without the quotation marks',
      ].join('\n'),
    );
  });
});

describe('unknown keys', () => {
  it.each([
    [{ sync: { remotepath: 'x' } }, 'sync.remotepath', 'Did you mean "remotePath"?'],
    [{ sync: { onSesionStart: true } }, 'sync.onSesionStart', 'Did you mean "onSessionStart"?'],
    [{ sync: {}, webhok: {} }, 'webhok', 'Did you mean "webhook"?'],
    [{ sync: {}, interval: 60 }, 'interval', 'Move it into "sync"'],
    [{ agents: { a: { interval: 60 } } }, 'agents.a.interval', 'Move it into "sync"'],
    [{ sync: { xyzzy: 1 } }, 'sync.xyzzy', 'Remove it'],
    [{ workspace: { kind: 's3', pth: '' } }, 'workspace.pth', 'Remove it'],
    [{ toString: 1, provider: 'off' }, 'toString', 'Remove it'],
  ])('of %j are refused', (json, key, fix) => {
    expect(expectProblem(json, key).fix).toBe(fix);
  });

  it('suggest the nearest known word, if any is near', () => {
    expect(nearest('MODE', ['mode', 'model'])).toBe('mode');
    expect(nearest('colour', ['mode'])).toBeUndefined();
  });

  it('suggest a value too', () => {
    expect(expectProblem({ sync: { provider: 'dropbx' } }, 'sync.provider').fix).toBe(
      'Did you mean "dropbox"?',
    );
  });
});

describe('unions', () => {
  it('say what may be written', () => {
    expect(expectProblem({ backup: { retain: 'x' } }, 'backup.retain').allowed).toContain(
      'a whole number from 1',
    );
    expect(expectProblem({ workspace: { kind: 'x' } }, 'workspace.kind').allowed).toBe(
      '"s3", "efs" or "remote"',
    );
    expect(expectProblem({ workspace: 3 }, 'workspace').allowed).toContain('"kind"');
  });
});

describe('references', () => {
  it('are refused where nothing resolves them', () => {
    expectKeys({ sync: { ...dropbox, remotePath: '${FOLDER}' } }, ['sync.remotePath']);
    expectKeys({ webhook: { url: 'https://a', token: '${T}', agentId: 'a-${X}' } }, [
      'webhook.agentId',
    ]);
  });

  it.each(['${lower}', 'x${NAME}', '${NAME} ', '${1A}', `\${${'A'.repeat(65)}}`, ''])(
    'must be well formed: %j',
    (token) => {
      expectKeys({ sync: { ...dropbox, dropbox: { token } } }, ['sync.dropbox.token']);
    },
  );

  it('may stand for identifiers, which may also be written out', () => {
    const json = (appKey: string): object => ({
      sync: { ...dropbox, dropbox: { token: '${T}', appKey } },
    });
    expect(() => parseConfig(json('abc'))).not.toThrow();
    expect(() => parseConfig(json('${APP_KEY}'))).not.toThrow();
    expect(() => parseConfig(json('${app}'))).toThrow();
  });
});

describe('secret options of rclone', () => {
  it.each([
    'pass',
    'password2',
    'token',
    'client_secret',
    'key',
    'account_key',
    'key_pem',
    'secret_access_key',
    'sas_url',
    'key_file_pass',
    'api_key',
    'service_account_credentials',
    'session_token',
    'access_grant',
    'session_id',
    'master_keys',
    'mnemonic',
    'cookies',
    'authorization',
    'headers',
  ])('include %s', (name) => {
    expect(isSecretOption(name)).toBe(true);
  });

  it.each([
    'host',
    'user',
    'key_file',
    'access_key_id',
    'pubkey_file',
    'token_url',
    'ask_password',
    'key_use_agent',
    'region',
    'service_account_file',
    'known_hosts_file',
  ])('do not include %s', (name) => {
    expect(isSecretOption(name)).toBe(false);
  });

  it('must be references; the others may be either', () => {
    const options = (rcloneOptions: object): object => ({
      workspace: { kind: 'remote', rcloneType: 'sftp', rcloneOptions },
    });
    const at = 'workspace.rcloneOptions';
    expectKeys(options({ pass: 'x' }), [`${at}.pass`]);
    expectKeys(options({ url: 'https://u:p@host' }), [`${at}.url`]);
    expectKeys(options({ url: 'https://host/?v=1&access_token=x' }), [`${at}.url`]);
    expectKeys(options({ url: 'https://host/share?sv=2&sig=x' }), [`${at}.url`]);
    expectKeys(options({ host: 'a\nb' }), [`${at}.host`]);
    expectKeys(options({ user: 'a${X}' }), [`${at}.user`]);
    expect(() =>
      parseConfig(options({ pass: '${PASS}', user: '${USER}', host: 'h', url: 'https://h/?v=1' })),
    ).not.toThrow();
  });
});

describe('redaction', () => {
  const places: ((value: unknown) => object)[] = [
    (token) => ({ sync: { ...dropbox, dropbox: { token } } }),
    (appSecret) => ({ sync: { ...dropbox, dropbox: { token: '${T}', appSecret } } }),
    (dropboxBlock) => ({ sync: { ...dropbox, dropbox: dropboxBlock } }),
    (token) => ({ sync: { provider: 'gdrive', mode: 'mailbox', gdrive: { token } } }),
    (tokn) => ({ sync: { ...dropbox, dropbox: { token: '${T}', tokn } } }),
    (secretAccessKey) => ({ sync: { s3: { accessKeyId: 'a', secretAccessKey } } }),
    (password) => ({ sync: { s3: { endpoint: `https://u:${String(password)}@minio` } } }),
    (token) => ({ backup: { s3: { endpoint: `https://minio/?token=${String(token)}` } } }),
    (passphrase) => ({ backup: { passphrase } }),
    (publicKey) => ({ backup: { publicKey } }),
    (token) => ({ webhook: { url: 'https://a', token } }),
    (password) => ({ webhook: { url: `https://u:${String(password)}@a`, token: '${T}' } }),
    (secret) => ({ webhook: { url: 'https://a', mode: 'generic', secret } }),
    (pass) => ({ workspace: { kind: 'remote', rcloneType: 'sftp', rcloneOptions: { pass } } }),
    (token) => ({ sync: { custom: { rcloneType: 'x', rcloneOptions: { token } } } }),
    (sync) => ({ sync }),
    (password) => ({ pasword: password, provider: 'off' }),
  ];
  /** Long and unlike the messages' own words. */
  const secret = fc.stringMatching(/^[A-Za-z0-9+/]{12,60}$/).map((text) => `Zq9${text}`);

  it.each(places.map((place, index) => [index, place] as const))(
    'never prints a literal secret (place %i)',
    (_, place) => {
      fc.assert(
        fc.property(secret, fc.boolean(), (value, asObject) => {
          const json = place(asObject ? { access_token: value } : value);
          const error = errorOf(() => parseConfig(json));
          expect(error.message).not.toContain(value);
          expect(JSON.stringify(error.problems)).not.toContain(value);
        }),
      );
    },
  );

  it('says how long it is, and how to store it', () => {
    const json = {
      deployment: 'home',
      agents: { anna: { backup: { passphrase: 'correct horse' } } },
    };
    const problem = expectProblem(json, 'agents.anna.backup.passphrase');
    expect(problem.value).toBe('a literal of 13 characters (not shown)');
    expect(problem.fix).toContain('Write "${BACKUP_PASSPHRASE}"');
    expect(problem.fix).toContain('--name workspace-sync/home/anna/passphrase ');
  });
});
