import { describe, expect, it } from 'vitest';
import {
  commandArguments,
  NameError,
  type Place,
  type RcloneCommand,
} from '../../../functions/shared/rclone/command.ts';
import {
  customRemote,
  folderRemote,
  ownBucketRemote,
  type Remote,
} from '../../../functions/shared/rclone/remote.ts';

const workspace = ownBucketRemote('workspace', 'bucket', 'main/workspace', {
  provider: 'AWS',
  region: 'us-east-1',
});
const cloud: Remote = {
  ...customRemote('cloud', 'Agent files', {
    rcloneType: 'webdav',
    rcloneOptions: { url: 'https://dav.example', user: 'anna', pass: 'pass-0123456789' },
  }),
  flags: ['--tpslimit=12'],
};

function at(remote: Remote, path = ''): Place {
  return { remote, path };
}

const toBucket = ['--s3-upload-cutoff=16Mi', '--s3-chunk-size=8Mi', '--s3-no-head'];
const transfers = ['--transfers=16', '--checkers=32'];
const common = ['--use-json-log', '-v', '--stats=0', '--low-level-retries=10'];
const thrice = ['--retries=3', ...common];
const once = ['--retries=1', ...common];

const goldens: [string, RcloneCommand, string[]][] = [
  [
    'list',
    { kind: 'list', from: at(cloud) },
    [
      ...['lsjson', 'cloud:Agent files/', '-R', '--fast-list', '--no-mimetype'],
      ...['--use-server-modtime', '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'list with filters, of which the includes come first',
    {
      kind: 'list',
      from: at(cloud, '_outbox'),
      exclude: ['*.log', '/_inbox/**'],
      include: ['/_outbox/**'],
    },
    [
      ...['lsjson', 'cloud:Agent files/_outbox/', '-R', '--fast-list', '--no-mimetype'],
      ...['--use-server-modtime', '--filter=+ /_outbox/**', '--filter=- *.log'],
      ...['--filter=- /_inbox/**', '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'copy-named, always, once and with trash',
    {
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: ['a b', '-rf'],
      compare: 'always',
      trash: at(cloud, '.trash/20261122'),
    },
    [
      ...['copy', 'workspace:bucket/main/workspace/', 'cloud:Agent files/', '--no-traverse'],
      ...['--ignore-times', '--backup-dir=cloud:Agent files/.trash/20261122/', ...transfers],
      ...['--use-server-modtime', '--files-from-raw=-', ...toBucket, '--tpslimit=12', ...once],
    ],
  ],
  [
    'copy-named by checksum',
    {
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: ['a'],
      compare: 'checksum',
    },
    [
      ...['copy', 'workspace:bucket/main/workspace/', 'cloud:Agent files/', '--no-traverse'],
      ...['--checksum', ...transfers, '--use-server-modtime', '--files-from-raw=-'],
      ...[...toBucket, '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'copy-named, keeping what is there',
    {
      kind: 'copy-named',
      from: at(cloud, '_outbox'),
      to: at(workspace, '_inbox'),
      files: ['a'],
      compare: 'keep',
    },
    [
      ...['copy', 'cloud:Agent files/_outbox/', 'workspace:bucket/main/workspace/_inbox/'],
      ...['--no-traverse', '--ignore-existing', ...transfers, '--use-server-modtime'],
      ...['--files-from-raw=-', '--tpslimit=12', ...toBucket, ...thrice],
    ],
  ],
  [
    'copy-missing',
    { kind: 'copy-missing', from: at(workspace), to: at(cloud), exclude: ['/_inbox/**'] },
    [
      ...['copy', 'workspace:bucket/main/workspace/', 'cloud:Agent files/', '--ignore-existing'],
      ...['--fast-list', '--filter=- /_inbox/**', ...transfers, '--use-server-modtime'],
      ...[...toBucket, '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'copy-one',
    { kind: 'copy-one', from: at(cloud, '_outbox/a'), to: at(workspace, '_inbox/a (2)') },
    [
      ...['copyto', 'cloud:Agent files/_outbox/a', 'workspace:bucket/main/workspace/_inbox/a (2)'],
      ...['--ignore-existing', '--use-server-modtime', '--tpslimit=12', ...toBucket, ...thrice],
    ],
  ],
  [
    'move-one',
    { kind: 'move-one', from: at(cloud, '_outbox/a'), to: at(cloud, '.quarantine/id') },
    [
      ...['moveto', 'cloud:Agent files/_outbox/a', 'cloud:Agent files/.quarantine/id'],
      ...['--ignore-existing', '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'move-named',
    { kind: 'move-named', from: at(cloud), to: at(cloud, '.trash/x'), files: ['a'] },
    [
      ...['move', 'cloud:Agent files/', 'cloud:Agent files/.trash/x/', '--no-traverse'],
      ...['--ignore-times', ...transfers, '--use-server-modtime', '--files-from-raw=-'],
      ...['--tpslimit=12', ...thrice],
    ],
  ],
  [
    'delete-named',
    { kind: 'delete-named', from: at(cloud), files: ['a'] },
    ['delete', 'cloud:Agent files/', ...transfers, '--files-from-raw=-', '--tpslimit=12', ...once],
  ],
  [
    'delete-one',
    { kind: 'delete-one', from: at(cloud, 'a\nb') },
    ['deletefile', 'cloud:Agent files/a\nb', '--tpslimit=12', ...thrice],
  ],
  [
    'read-one',
    { kind: 'read-one', from: at(cloud, 'a') },
    ['cat', 'cloud:Agent files/a', '--tpslimit=12', ...thrice],
  ],
  [
    'read-one, a part of it',
    { kind: 'read-one', from: at(cloud, 'a'), range: { offset: 5, length: 7 } },
    ['cat', 'cloud:Agent files/a', '--offset=5', '--count=7', '--tpslimit=12', ...thrice],
  ],
  [
    'write-one',
    { kind: 'write-one', to: at(workspace, 'a') },
    ['rcat', 'workspace:bucket/main/workspace/a', ...toBucket, ...once],
  ],
  [
    'list-files',
    { kind: 'list-files', from: at(cloud, 'snapshots') },
    [
      ...['lsjson', 'cloud:Agent files/snapshots/', '--files-only', '--no-mimetype'],
      ...['--use-server-modtime', '--tpslimit=12', ...thrice],
    ],
  ],
  [
    'stat-one',
    { kind: 'stat-one', from: at(cloud, 'a') },
    [
      ...['lsjson', 'cloud:Agent files/a', '--stat', '--no-mimetype', '--use-server-modtime'],
      ...['--tpslimit=12', ...thrice],
    ],
  ],
  [
    'serve',
    { kind: 'serve', from: at(cloud), socket: '/tmp/run-x/rc.sock' },
    [
      ...['rcd', '--rc-serve', '--rc-addr=unix:///tmp/run-x/rc.sock', '--rc-no-auth'],
      ...['--use-server-modtime', '--tpslimit=12', ...once],
    ],
  ],
  [
    'make-folder',
    { kind: 'make-folder', at: at(cloud, '_outbox') },
    ['mkdir', 'cloud:Agent files/_outbox/', '--s3-directory-markers', '--tpslimit=12', ...thrice],
  ],
  [
    'hash-named',
    { kind: 'hash-named', from: at(cloud, '_inbox'), files: ['a'] },
    [
      ...['hashsum', 'sha256', 'cloud:Agent files/_inbox/', '--download', ...transfers],
      ...['--files-from-raw=-', '--tpslimit=12', ...thrice],
    ],
  ],
];

describe('the arguments of rclone', () => {
  it.each(goldens)('for %s', (_, command, args) => {
    expect(commandArguments(command).args).toEqual(args);
  });

  it.each(goldens)('hold no secret and no name of a list: %s', (_, command) => {
    const { args } = commandArguments(command);

    expect(args.join(' ')).not.toContain('pass-0123456789');
    expect(args).not.toContain('-rf');
  });

  it('leave names to standard input, one in each line, as they are', () => {
    const files = ['a b', '-rf', '# not a comment', ' x ', '"q"', '*.txt', 'é', '\\n'];

    const { files: input } = commandArguments({ kind: 'delete-named', from: at(cloud), files });

    expect(input).toBe('a b\n-rf\n# not a comment\n x \n"q"\n*.txt\né\n\\n\n');
  });

  it.each(['/report.md', 'notes/', 'a//b', './a', 'a/..', 'two\nlines', 'carriage\rreturn'])(
    'take no name from a list that would be another one: %j',
    (name) => {
      const files = ['a', name];

      expect(() => commandArguments({ kind: 'delete-named', from: at(cloud), files })).toThrow(
        NameError,
      );
    },
  );

  it.each(['/report.md', '_outbox//drop.txt', 'notes/'])('delete no single file as %j', (path) => {
    const command: RcloneCommand = { kind: 'delete-one', from: at(cloud, path) };

    expect(() => commandArguments(command)).toThrow(NameError);
  });

  it('have a list of names though it is empty: without one, rclone would take everything', () => {
    const { args, files } = commandArguments({ kind: 'delete-named', from: at(cloud), files: [] });

    expect(args).toContain('--files-from-raw=-');
    expect(files).toBe('');
  });

  it('bear the flags of a remote whose folder below is meant', () => {
    const links = folderRemote('workspace', '/mnt/workspace', true);
    const below = { ...links, root: `${links.root}/shared` };

    const { args } = commandArguments({ kind: 'list', from: at(below) });

    expect(args).toContain('--copy-links');
    expect(args).toContain(':local:/mnt/workspace/shared/');
  });
});
