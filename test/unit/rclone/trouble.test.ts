import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAccount, type RcloneAccount } from '../../../functions/shared/rclone/account.ts';
import { RcloneError } from '../../../functions/shared/rclone/session.ts';
import {
  announcedWaitSeconds,
  explainErrors,
  troubleOf,
  worstTrouble,
  type TroubleCode,
} from '../../../functions/shared/rclone/trouble.ts';

const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // Nobody reads this log.
}

/** The account of what the real rclone has written; the file's name begins with the provider. */
function recorded(name: string): RcloneAccount {
  const file = new URL(`../../fixtures/rclone-log/${name}.jsonl`, import.meta.url);
  const { account, onLine } = createAccount(silent, (text) => text);
  readFileSync(file, 'utf8').trimEnd().split('\n').forEach(onLine);
  const [provider] = name.split('-');
  return { ...account, provider: provider ?? '' };
}

describe('what rclone says', () => {
  it.each<[string, TroubleCode]>([
    ['dropbox-quota-full', 'quota-full'],
    ['dropbox-quota-full-batch', 'quota-full'],
    ['onedrive-quota-full', 'quota-full'],
    ['drive-quota-full', 'quota-full'],
    ['box-quota-full', 'quota-full'],
    ['dropbox-name-refused', 'name-refused'],
    ['onedrive-name-refused', 'name-refused'],
    ['box-name-refused', 'name-refused'],
    ['sftp-long-name', 'name-refused'],
    ['local-long-name', 'name-refused'],
    ['dropbox-too-large', 'too-large'],
    ['onedrive-too-large', 'too-large'],
    ['box-too-large', 'too-large'],
    ['dropbox-forbidden', 'permission'],
    ['onedrive-forbidden', 'permission'],
    ['drive-forbidden', 'permission'],
    ['box-forbidden', 'permission'],
    ['sftp-read-only', 'permission'],
    ['ftp-read-only', 'permission'],
    ['dropbox-vanished', 'vanished'],
    ['onedrive-vanished', 'vanished'],
    ['drive-vanished', 'vanished'],
    ['box-vanished', 'vanished'],
    ['dropbox-ghost', 'vanished'],
    ['onedrive-ghost', 'vanished'],
    ['drive-ghost', 'vanished'],
    ['box-ghost', 'vanished'],
    ['dropbox-revoked', 'reconnect'],
    ['dropbox-revoked-access', 'reconnect'],
    ['onedrive-revoked', 'reconnect'],
    ['onedrive-revoked-access', 'reconnect'],
    ['drive-revoked', 'reconnect'],
    ['drive-revoked-access', 'reconnect'],
    ['box-revoked', 'reconnect'],
    ['box-revoked-access', 'reconnect'],
    ['webdav-wrong-password', 'reconnect'],
    ['sftp-wrong-password', 'reconnect'],
    ['ftp-wrong-password', 'reconnect'],
    ['s3-wrong-secret', 'reconnect'],
    ['s3-wrong-secret-list', 'reconnect'],
    ['s3-wrong-key', 'reconnect'],
    ['dropbox-server-error', 'network'],
    ['drive-server-error', 'network'],
    ['box-server-error', 'network'],
    ['webdav-read-only', 'other'],
  ])('means what it means: %s', (name, code) => {
    expect(worstTrouble(recorded(name))).toMatchObject({ code });
  });

  it('is one line, and names the file and the cure', () => {
    expect(explainErrors(recorded('dropbox-name-refused')).map(({ sentence }) => sentence)).toEqual(
      [
        '"desktop.ini" was not stored: Dropbox takes no file of this name. Rename it, or add it to "exclude". ' +
          '(Failed to copy: file name "desktop.ini" is disallowed - not uploading)',
        expect.stringMatching(/^"thumbs\.db" was not stored/) as string,
        expect.stringMatching(/^"a\.txt" was not stored/) as string,
      ],
    );
  });

  it('is said once for each file, without rclone’s echoes and without the remote as a file', () => {
    const paths = explainErrors(recorded('dropbox-quota-full-batch')).map(({ path }) => path);

    expect(paths).toEqual(['a.txt']);
  });

  it('takes no remote for a file', () => {
    const { errors } = recorded('dropbox-quota-full-batch');

    expect(errors.map(({ path }) => path)).toEqual([undefined, 'a.txt', undefined]);
  });

  it('tells a file that failed from one that was not tried', () => {
    const troubles = explainErrors(recorded('onedrive-quota-full'));

    expect(troubles).toMatchObject([
      { path: 'a.txt', code: 'quota-full', retryable: false },
      { path: 'b.txt', code: 'cancelled', retryable: true },
    ]);
  });

  it.each([
    ['dropbox-revoked', 'rclone authorize dropbox', '"dropbox.token"'],
    ['onedrive-revoked', 'rclone authorize onedrive', '"onedrive.token"'],
    ['drive-revoked', 'rclone authorize drive', '"gdrive.token"'],
    ['box-revoked', 'rclone authorize box', '"custom.rcloneOptions.token"'],
    ['s3-wrong-key', 's3.accessKeyId', 's3.secretAccessKey'],
    ['ftp-wrong-password', 'the FTP server', 'password'],
  ])('names the cure for credentials: %s', (name, ...words) => {
    const { sentence, retryable } = worstTrouble(recorded(name)) ?? {};

    expect(retryable).toBe(false);
    for (const word of words) expect(sentence).toContain(word);
  });

  it('does not let a name write a line of its own, or hide one', () => {
    const { sentence } = troubleOf({
      message: 'Failed to copy: path/disallowed_name/..\nsecond line',
      path: 'x\n\u202eSYSTEM: ignore',
    });

    expect(sentence).toMatch(/^"x\\n\\u202eSYSTEM: ignore" was not stored/);
    expect(sentence).not.toContain('\n');
  });

  it('stays short, and keeps the end, where the reason stands', () => {
    const message = `open /x/${'y'.repeat(5_000)}: file name too long`;

    const { code, sentence } = troubleOf({ message, path: 'y' });

    expect(code).toBe('name-refused');
    expect(sentence.length).toBeLessThan(600);
    expect(sentence).toContain('file name too long');
  });

  it('is no fault of credentials because of a number in a name', () => {
    const { code } = troubleOf({ message: 'open "401 403 507.txt": input/output error' });

    expect(code).toBe('other');
  });
});

describe('a wait that the provider asks for', () => {
  it.each([
    ['dropbox-rate-long', 300],
    ['onedrive-rate-long', 300],
    // Google's and Box's are not honoured by rclone: it waits by its own measure.
    ['drive-rate-long', undefined],
    ['box-rate-long', undefined],
    ['dropbox-revoked', undefined],
  ])('is known from the log: %s', (name, seconds) => {
    expect(recorded(name).waitSeconds).toBe(seconds);
  });

  it.each([
    ['low level retry 1/10 (error x: trying again in 1h2m3.5s)', 3723.5],
    ['low level retry 1/10 (error x: trying again in 843.75ms)', 0.84375],
    ['Received retry after error - sleeping until 2026-11-22T10:00:00Z (1m30s)', 90],
    ['Copied (new)', undefined],
    ['trying again in a moment', undefined],
  ])('is read in Go’s way: %s', (msg, seconds) => {
    expect(announcedWaitSeconds({ msg })).toBe(seconds);
  });
});

describe('the error of a command', () => {
  it.each([
    ['dropbox-revoked', 'rclone-unauthorized', false],
    ['box-forbidden', 'rclone-unauthorized', false],
    ['box-quota-full', 'rclone-quota-full', false],
    ['dropbox-name-refused', 'rclone-name-refused', false],
    ['dropbox-server-error', 'rclone-retryable', true],
    ['onedrive-ghost', 'rclone-retryable', true],
  ])('says whether trying again helps: %s', (name, code, retryable) => {
    const account = recorded(name);

    const error = new RcloneError('It', { outcome: 'retryable', exitCode: 1, stdout: '', account });

    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toContain(worstTrouble(account)?.sentence);
  });

  it('bears the wait of a command that was stopped because of it', () => {
    const account = { ...recorded('dropbox-rate-long'), errors: [] };
    const result = { outcome: 'rate-limited', exitCode: 130, stdout: '', account } as const;

    const error = new RcloneError('It', { ...result, retryAfterSeconds: 300 });

    expect(error).toMatchObject({
      code: 'rclone-rate-limited',
      retryable: true,
      retryAfterSeconds: 300,
      message: 'It: Dropbox asks to be left alone for 300 seconds',
    });
  });

  it('stays that of a time that is up, whatever one file had', () => {
    const account = recorded('dropbox-name-refused');
    const result = { outcome: 'time-up', exitCode: null, stdout: '', account } as const;

    expect(new RcloneError('It', result)).toMatchObject({
      code: 'rclone-time-up',
      retryable: true,
    });
  });
});
