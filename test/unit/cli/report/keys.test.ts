import { expect, it } from 'vitest';
import { inCommandWords } from '../../../../cli/report/keys.ts';
import { accessDenied, needsResync } from '../../../../functions/shared/bisync/reasons.ts';
import { guardDeletes } from '../../../../functions/shared/bisync/guard.ts';

it('speaks of options where a run speaks of the keys of a request', () => {
  expect(inCommandWords('run it once with "confirmDeletes": 3.', 'sync')).toBe(
    'run it once with --confirm-deletes 3.',
  );
  expect(inCommandWords('run it once with "confirmConfig": "0a1b".', 'sync')).toBe(
    'run it once with --confirm-config 0a1b.',
  );
  expect(inCommandWords('say so with "acceptUnencrypted": true.', 'restore')).toBe(
    'say so with --accept-unencrypted.',
  );
  expect(inCommandWords('say it with "confirm": "overwrite-live-files".', 'restore')).toBe(
    'say it with --confirm overwrite-live-files.',
  );
  expect(inCommandWords('"resync" belongs to mode "bisync". Leave it out.', 'sync')).toBe(
    '--resync belongs to mode "bisync". Leave it out.',
  );
});

it('makes a command of a request', () => {
  const chosen = { agent: 'main', local: true };
  expect(inCommandWords(needsResync('main', 'why').message, 'sync', chosen)).toContain(
    'with workspace-sync sync --resync --dry-run --agent main --local, then start it with ' +
      'workspace-sync sync --resync --agent main --local.',
  );
  expect(inCommandWords(accessDenied('main').message, 'sync', chosen)).toContain(
    ': workspace-sync sync --resync --agent main --local.',
  );
});

it('names another job by its own command', () => {
  const message =
    'says so: invoke prune with {"agent": "main", "confirmAnomaly": "20261122T101500Z"}.';
  expect(inCommandWords(message, 'backup')).toBe(
    'says so: run: workspace-sync backup prune --confirm-anomaly 20261122T101500Z.',
  );
});

it('leaves the real guards without a key that a person cannot type', () => {
  const limits = { maxDeletePercent: 10, maxDeleteFiles: 0, confirmDeletes: undefined };
  const reason = guardDeletes({ workspace: 0, cloud: 3 }, { workspace: 9, cloud: 9 }, limits);
  const said = inCommandWords(reason?.message ?? '', 'sync');
  expect(said).toContain('--confirm-deletes 3');
  expect(said).not.toContain('confirmDeletes');
});

it('leaves what only looks like a key as it is', () => {
  const message = 'the file "notes": 3 and {"a": 1} were left out';
  expect(inCommandWords(message, 'sync')).toBe(message);
});
