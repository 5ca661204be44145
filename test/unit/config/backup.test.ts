import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dropbox, expectKeys, expectProblem, givenAgent, noticesOf, problemsOf } from './given.ts';

const kmsKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = spki(rsa.publicKey);

function spki(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function noticeKeys(json: Record<string, unknown>): string[] {
  return noticesOf(json).map(({ key }) => key);
}

describe('when', () => {
  it.each([
    [10, 300, 'raised to 300 seconds'],
    [301, 360, 'rounded up to 360 seconds'],
  ])('an interval of %i s is %i s, and that is said', (interval, effective, message) => {
    const json = { sync: dropbox, backup: { interval } };
    expect(givenAgent(json).backup.interval).toBe(effective);
    expect(noticesOf(json)).toEqual([
      { key: 'backup.interval', message: expect.stringContaining(message) as unknown },
    ]);
  });

  it.each([
    ['interval', [-1, '300']],
    ['timeout', [59, '60']],
    ['verifyInterval', [1, 3599, -1]],
    ['anomalyPercent', [-1, 101, '50']],
    ['timeZone', ['Mars/Olympus', '', '+01:00', 1]],
    ['prefix', ['../up', 'a\u0000']],
    ['kmsKeyArn', ['alias/backup', kmsKeyArn.replace('key/', 'alias/'), '']],
  ])('limits %s', (key, values) => {
    for (const value of values) expectKeys({ backup: { [key]: value } }, [`backup.${key}`]);
  });

  it('takes the names of time zones, and verifications by hand only', () => {
    for (const timeZone of ['UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia']) {
      expect(givenAgent({ backup: { timeZone } }).backup.timeZone).toBe(timeZone);
    }
    expect(givenAgent({ backup: { verifyInterval: 0 } }).backup.verifyInterval).toBe(0);
    expect(givenAgent({ backup: { verifyInterval: 3601 } }).backup.verifyInterval).toBe(3660);
  });
});

describe('retention', () => {
  it.each([[1], [{ daily: 7, weekly: 4 }], [{ within: '14d' }], [{ last: 1, yearly: 0 }]])(
    'keeps %j',
    (retain) => {
      expect(givenAgent({ backup: { retain } }).backup.retain).toEqual(retain);
    },
  );

  it.each([0, 1.5, '7', [], {}, { daily: 0 }])('refuses %j', (retain) => {
    expectKeys({ backup: { retain } }, ['backup.retain']);
  });

  it('is looked into', () => {
    const json = { backup: { retain: { daily: -1, last: 1, within: 'soon' } } };
    expectKeys(json, ['backup.retain.daily', 'backup.retain.within']);
  });
});

describe('encryption', () => {
  it('needs one of three keys, and names them', () => {
    const problem = expectProblem({ backup: { encrypt: true } }, 'backup.passphrase');
    for (const key of ['"passphrase"', '"kmsKeyArn"', '"publicKey"']) {
      expect(problem.allowed).toContain(key);
    }
    expect(problem.fix).toContain('--name workspace-sync/default/main/passphrase ');
  });

  it.each([{ passphrase: '${PASSPHRASE}' }, { kmsKeyArn }, { publicKey }])(
    'is content with %j',
    (key) => {
      expect(givenAgent({ backup: { encrypt: true, ...key } }).backup).toMatchObject(key);
    },
  );

  it('takes PKCS #1 as well', () => {
    const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(givenAgent({ backup: { publicKey: pkcs1 } }).backup.publicKey).toBe(pkcs1);
  });

  it.each([
    [
      'a short one',
      spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      '1024 bits',
    ],
    ['another kind', spki(generateKeyPairSync('ed25519').publicKey), 'type ed25519'],
    ['a broken one', publicKey.replace(/M[A-Za-z]{3}/, '????'), 'cannot be read'],
    ['no PEM', 'ssh-rsa AAAAB3', 'not the PEM of a public key'],
  ])('refuses as public key %s', (_, text, why) => {
    expect(expectProblem({ backup: { publicKey: text } }, 'backup.publicKey').value).toContain(why);
  });

  it.each(['pkcs8', 'pkcs1'] as const)(
    'refuses a private key (%s) and does not show it',
    (type) => {
      const pem = rsa.privateKey.export({ type, format: 'pem' }).toString();
      const lines = pem.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line));
      for (const text of [pem, publicKey + pem]) {
        const problem = expectProblem({ backup: { publicKey: text } }, 'backup.publicKey');
        expect(problem.value).toContain('is a private key');
        for (const line of lines) expect(JSON.stringify(problem)).not.toContain(line);
      }
      expect(lines.length).toBeGreaterThan(10);
    },
  );

  it('says that keys do nothing while it is off', () => {
    expect(
      noticeKeys({ sync: dropbox, backup: { passphrase: '${P}', kmsKeyArn, publicKey } }),
    ).toEqual(['backup.passphrase', 'backup.kmsKeyArn', 'backup.publicKey']);
    const on = { encrypt: true, passphrase: '${P}' };
    expect(noticesOf({ sync: dropbox, backup: on })).toEqual([]);
  });

  it('says that a deployment with a public key alone cannot read its snapshots', () => {
    const backup = { enabled: true, encrypt: true, publicKey };
    expect(noticeKeys({ sync: dropbox, backup })).toEqual(['backup.publicKey']);
    expect(noticesOf({ sync: dropbox, backup: { ...backup, kmsKeyArn } })).toEqual([]);
  });
});

describe('what a snapshot holds', () => {
  const far = { kind: 'remote', rcloneType: 'sftp' };

  it('is a list of known items', () => {
    expectKeys({ backup: { include: ['workspace', 'all'] } }, ['backup.include[1]']);
  });

  it('follows the sync in what is left out', () => {
    const sync = { ...dropbox, exclude: ['*.log'] };
    expect(givenAgent({ sync }).backup.exclude).toEqual(['*.log']);
    expect(givenAgent({ sync, backup: { exclude: [] } }).backup.exclude).toEqual([]);
  });

  it('lacks the state of an agent of which nobody says where it is', () => {
    const backup = { enabled: true };
    const [notice] = noticesOf({ sync: dropbox, workspace: far, backup });
    expect(notice).toEqual({
      key: 'workspace.statePath',
      message: 'is not set: snapshots cannot hold config, cron',
    });
    const include = ['workspace', 'memory'];
    expect(noticesOf({ sync: dropbox, workspace: far, backup: { ...backup, include } })).toEqual(
      [],
    );
    const workspace = { ...far, statePath: '.openclaw' };
    expect(noticesOf({ sync: dropbox, workspace, backup })).toEqual([]);
    expect(noticesOf({ sync: dropbox, backup })).toEqual([]);
  });
});

describe('the snapshot bucket', () => {
  const locked = (days: number, backup: object, more: object = {}): Record<string, unknown> => ({
    snapshots: { objectLock: { mode: 'governance', days } },
    sync: dropbox,
    backup: { enabled: true, provider: 's3', ...backup },
    ...more,
  });

  it.each([
    [{ objectLock: { mode: 'legal', days: 1 } }, ['snapshots.objectLock.mode']],
    [{ objectLock: { mode: 'compliance' } }, ['snapshots.objectLock.days']],
    [{ objectLock: { mode: 'compliance', days: 0 } }, ['snapshots.objectLock.days']],
    [{ objectLock: { mode: 'compliance', days: 36_501 } }, ['snapshots.objectLock.days']],
    [{ objectlock: {} }, ['snapshots.objectlock']],
    [true, ['snapshots']],
  ])('refuses %j', (snapshots, keys) => {
    expectKeys({ snapshots, sync: dropbox }, keys);
    expectKeys({ snapshots, agents: { a: {} } }, keys);
    expectKeys({ snapshots, ...dropbox }, keys);
    expect(problemsOf({ snapshots, sync: {} })[0]?.allowed).not.toBe('');
  });

  it.each([
    [8, { retain: 7 }, true],
    [7, { retain: 7 }, false],
    [4, { retain: 7, interval: 43_200 }, true],
    [29, { retain: { daily: 7, weekly: 4 } }, true],
    [28, { retain: { daily: 7, weekly: 4 } }, false],
    [400, { retain: { yearly: 2 } }, false],
    [45, { retain: { within: '1m14d' } }, true],
    [44, { retain: { within: '1m14d' } }, false],
    [25, { retain: { hourly: 24, last: 8 } }, true],
    [2, { retain: { hourly: 24, last: 8 }, interval: 3600 }, true],
  ])('locked for %i days with %j gives a notice: %s', (days, backup, told) => {
    expect(noticeKeys(locked(days, backup))).toEqual(told ? ['backup.retain'] : []);
  });

  it('is of no concern to who keeps snapshots elsewhere, or none', () => {
    expect(noticesOf(locked(999, { provider: undefined }))).toEqual([]);
    expect(noticesOf(locked(999, { enabled: false }))).toEqual([]);
  });
});
