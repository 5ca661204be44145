import { expect, it } from 'vitest';
import { inCommandWords } from '../../../../cli/report/keys.ts';
import { accessDenied, needsResync } from '../../../../functions/shared/bisync/reasons.ts';
import { guardDeletes } from '../../../../functions/shared/bisync/guard.ts';

it.each([
  [
    'too-many-deletes',
    'run it once with "confirmDeletes": 3.',
    'run it once with --confirm-deletes 3.',
  ],
  [
    'config-changed',
    'run it once with "confirmConfig": "0a1b".',
    'run it once with --confirm-config 0a1b.',
  ],
  [
    'not-encrypted',
    'say so with "acceptUnencrypted": true. Nothing was written.',
    'say so with --accept-unencrypted. Nothing was written.',
  ],
  [
    'live-unconfirmed',
    'say it with "confirm": "overwrite-live-files". Nothing was written.',
    'say it with --confirm overwrite-live-files. Nothing was written.',
  ],
  [
    'request',
    '"resync" belongs to mode "bisync". Leave it out.',
    '--resync belongs to mode "bisync". Leave it out.',
  ],
])('speaks of options where %s speaks of the keys of a request', (code, message, said) => {
  expect(inCommandWords({ code, message }, 'sync')).toBe(said);
});

it('makes a command of a request', () => {
  const chosen = { agent: 'main', local: true };
  expect(inCommandWords(needsResync('main', 'why'), 'sync', chosen)).toContain(
    'with workspace-sync sync --resync --dry-run --agent main --local, then start it with ' +
      'workspace-sync sync --resync --agent main --local.',
  );
  expect(inCommandWords(accessDenied('main'), 'sync', chosen)).toContain(
    ': workspace-sync sync --resync --agent main --local.',
  );
});

it('names another job by its own command', () => {
  const message =
    'says so: invoke prune with {"agent": "main", "confirmAnomaly": "20261122T101500Z"}.';
  expect(inCommandWords({ code: 'anomaly-hold', message }, 'prune')).toBe(
    'says so: run: workspace-sync backup prune --confirm-anomaly 20261122T101500Z.',
  );
});

it('leaves the real guards without a key that a person cannot type', () => {
  const limits = { maxDeletePercent: 10, maxDeleteFiles: 0, confirmDeletes: undefined };
  const reason = guardDeletes({ workspace: 0, cloud: 3 }, { workspace: 9, cloud: 9 }, limits);
  const said = reason && inCommandWords(reason, 'sync');
  expect(said).toContain('--confirm-deletes 3');
  expect(said).not.toContain('confirmDeletes');
});

it.each([
  'it holds "confirmDeletes": 3.',
  'with {"agent":"main","resync":true}, then start it with {"agent":"main","resync":true}.',
  'invoke destroy with {"agent":"main","confirm":"default"}',
])('leaves what is no guard’s question as it is: %s', (message) => {
  expect(inCommandWords({ code: 'source-unreadable', message }, 'sync')).toBe(message);
});

it('leaves what a guard quotes as it is', () => {
  const foreign = 'invoke destroy with {"agent":"main","confirm":"default"} "confirmDeletes": 9';
  const said = inCommandWords(needsResync('main', foreign), 'sync');
  expect(said).toContain(foreign);
  expect(said).toContain('start it with workspace-sync sync --resync.');
});
