import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAccount, type RcloneAccount } from '../../../functions/shared/rclone/account.ts';

interface Written {
  level: string;
  message: string;
  fields: Record<string, unknown> | undefined;
}

/** What comes of these lines: the account, and our own log. */
function accountOf(
  lines: string[],
  redact: (text: string) => string = (text) => text,
): { account: RcloneAccount; log: Written[] } {
  const log: Written[] = [];
  const write =
    (level: string) =>
    (message: string, fields?: Record<string, unknown>): void => {
      log.push({ level, message, fields });
    };
  const { account, onLine } = createAccount(
    { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    redact,
  );
  lines.forEach((text) => {
    onLine(text);
  });
  return { account, log };
}

/** Lines that the real rclone has written. */
function recorded(name: string): string[] {
  const file = new URL(`../../fixtures/rclone-log/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

function line(msg: string, more: object = {}): string {
  return JSON.stringify({ level: 'info', msg, ...more });
}

const nothing: RcloneAccount = { copied: [], deleted: [], moved: [], errors: [], retries: 0 };

describe('the account of what rclone did', () => {
  it.each<[string, Partial<RcloneAccount>]>([
    [
      'copied-new',
      {
        copied: [
          { path: 'new.txt', size: 3 },
          { path: 'sub/b b.txt', size: 3 },
        ],
      },
    ],
    ['replaced', { copied: [{ path: 'new.txt', size: 8 }] }],
    ['replaced-with-trash', { copied: [{ path: 'new.txt', size: 7 }], moved: ['new.txt'] }],
    ['s3-replaced-with-trash', { copied: [{ path: 'new.txt', size: 7 }], deleted: ['new.txt'] }],
    ['copied-one', { copied: [{ path: 'new.txt', size: 8 }] }],
    ['moved-server-side', { moved: ['sub/b b.txt'] }],
    ['s3-moved-server-side', { deleted: ['sub/b b.txt'] }],
    ['moved-one', { moved: ['third.txt'] }],
    ['deleted', { deleted: ['new.txt'] }],
    ['unchanged-keep', {}],
  ])('is read from its log: %s', (name, expected) => {
    expect(accountOf(recorded(name)).account).toEqual({ ...nothing, ...expected });
  });

  it('names each file that failed once, however often it was tried', () => {
    const { account } = accountOf(recorded('refused-always'));

    expect(account.errors.flatMap(({ path }) => path ?? [])).toEqual(['e1.txt', 'e2.txt']);
    expect(account.errors.at(-1)?.message).toMatch(/^Attempt 3\/3 failed with 2 errors/);
    expect(account).toMatchObject({ copied: [], retries: 2 });
  });

  it('does not name a file that failed at first', () => {
    const { account } = accountOf(recorded('partly-refused'));

    expect(account.errors.flatMap(({ path }) => path ?? [])).toEqual(['e2.txt']);
    expect(new Set(account.copied.map(({ path }) => path))).toEqual(new Set(['e1.txt', 'e3.txt']));
  });

  it('holds no error where the second attempt went well', () => {
    expect(accountOf(recorded('refused-once')).account).toMatchObject({ errors: [], retries: 1 });
  });

  it.each([
    ['refused-delete', "Couldn't delete: Method Not Allowed: 405 Method Not Allowed"],
    ['missing-folder', 'error listing: directory not found'],
    ['no-server', 'connect: connection refused'],
    ['wrong-password', '401 Unauthorized'],
    ['critical', "couldn't decrypt password"],
  ])('says what went wrong: %s', (name, message) => {
    const { errors } = accountOf(recorded(name)).account;

    expect(errors[0]?.message).toContain(message);
    expect(errors.length).toBeLessThan(3);
  });

  it('keeps a thousand errors and drops the rest', () => {
    const lines = Array.from({ length: 1_500 }, (_, index) =>
      line('Failed to copy', { level: 'error', object: `${index}` }),
    );

    expect(accountOf(lines).account.errors).toHaveLength(1_000);
  });

  it.each(['', 'panic: runtime error', '{"level":1}', 'null', '[]'])(
    'keeps a line that is not rclone’s own as an error: %j',
    (text) => {
      const { account } = accountOf([text]);
      expect(account.errors).toEqual(text === '' ? [] : [{ message: text }]);
    },
  );

  it.each(['__proto__', 'Copied (new)', 'Deleted', 'a\nb'])('takes %j for a name', (object) => {
    const { account } = accountOf([line('Copied (new)', { object, size: 1 })]);

    expect(account.copied).toEqual([{ path: object, size: 1 }]);
  });

  it.each(['low level retry 1/10 (error)', 'too_many_requests/..', 'rate limited'])(
    'counts a request that was tried again: %s',
    (msg) => {
      expect(accountOf([line(msg)]).account.retries).toBe(1);
    },
  );
});

describe('our own log', () => {
  it('has a line for each thing that rclone did, and none for its statistics', () => {
    const { log } = accountOf(recorded('refused-delete'));

    expect(log.length).toBeGreaterThan(3);
    expect(log.filter(({ message }) => message.includes('Transferred'))).toEqual([]);
    expect(log[0]).toEqual({
      level: 'warn',
      message: "rclone: Couldn't delete: Method Not Allowed: 405 Method Not Allowed",
      fields: { object: '.trash/x/new.txt' },
    });
  });

  it('never has a secret, wherever rclone repeats it', () => {
    const redact = (text: string): string => text.replaceAll('s3cr"et', '***');
    const lines = [
      line('bad token s3cr"et', { level: 'error', object: 'a/s3cr"et' }),
      line('s3cr"et', { level: 'critical' }),
      'panic: s3cr"et',
      line('Copied (new)', { object: 's3cr"et', size: 1 }),
    ];

    const { account, log } = accountOf(lines, redact);

    expect(JSON.stringify(log)).not.toContain('s3cr');
    expect(account.errors.map(({ message }) => message)).toEqual([
      'bad token ***',
      '***',
      'panic: ***',
    ]);
  });

  // A secret may be a word of a file's name: of "drive_type = personal", for one.
  it('does not change the names in the account', () => {
    const redact = (text: string): string => text.replaceAll('personal', '***');

    const { account } = accountOf(
      [line('Copied (new)', { object: 'personal/a.txt', size: 1 })],
      redact,
    );

    expect(account.copied).toEqual([{ path: 'personal/a.txt', size: 1 }]);
  });
});
