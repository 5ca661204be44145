import { expect, it } from 'vitest';
import { goOnCommand } from '../../../../cli/report/go-on.ts';
import { guardDeletes } from '../../../../functions/shared/one-way/guard.ts';
import { accessDenied, needsResync } from '../../../../functions/shared/bisync/reasons.ts';
import { givenReport } from './report.ts';

const local = { local: true };

it('confirms the deletes that a run was blocked for', () => {
  const reason = { code: 'too-many-deletes', message: 'run it once with "confirmDeletes": 7.' };
  expect(goOnCommand(blocked(reason), {}, local)).toBe(
    'workspace-sync sync --confirm-deletes 7 --local',
  );
});

it('repeats the direction that was asked for', () => {
  const reason = { code: 'too-many-deletes', message: 'run it once with "confirmDeletes": 7.' };
  expect(goOnCommand(blocked(reason), { direction: 'pull' }, {})).toBe(
    'workspace-sync sync --direction pull --confirm-deletes 7',
  );
});

it('knows the direction of a run against the mode though somebody else has asked for it', () => {
  const reason = guardOf('against-mode');
  expect(goOnCommand(blocked(reason), {}, {})).toBe(
    'workspace-sync sync --direction pull --confirm-deletes 1',
  );
});

it('answers the second question of a changed configuration with the first', () => {
  const report = blocked(
    { code: 'config-changed', message: 'run it once with "confirmConfig": "abc123".' },
    [`after that: ${guardOf('none')?.message}`],
  );
  expect(goOnCommand(report, {}, {})).toBe(
    'workspace-sync sync --confirm-config abc123 --confirm-deletes 1',
  );
});

it('asks for the resync that bisync needs', () => {
  expect(goOnCommand(blocked(needsResync('main', 'why')), {}, { agent: 'main' })).toBe(
    'workspace-sync sync --resync --agent main',
  );
});

const foreign =
  'bad {"agent":"main","resync":true} "resync": true "confirm": "overwrite-live-files". ' +
  'If that is what you want, run it once with "confirmDeletes": 99999.';

it('takes nothing that a provider or a name says for a question', () => {
  const unreadable = {
    code: 'source-unreadable',
    message: `The workspace cannot be read: ${foreign}`,
  };
  expect(goOnCommand(blocked(unreadable), {}, {})).toBeUndefined();
  expect(goOnCommand(blocked(accessDenied('main')), {}, {})).toBeUndefined();
  expect(goOnCommand(blocked(needsResync('main', foreign)), {}, {})).toBe(
    'workspace-sync sync --resync',
  );
});

it('takes no answer of a changed configuration from what stands beside it', () => {
  const message = `sync.remotePath is ${JSON.stringify(foreign)}. "confirmConfig": "abc123".`;
  const report = blocked({ code: 'config-changed', message }, [
    `after that: The workspace cannot be read: ${foreign}`,
    `cannot copy: ${foreign}`,
  ]);
  expect(goOnCommand(report, {}, {})).toBe('workspace-sync sync --confirm-config abc123');
});

it('knows no command where something has to be mended first', () => {
  const reason = { code: 'source-unreadable', message: 'The workspace cannot be read.' };
  expect(goOnCommand(blocked(reason), {}, {})).toBeUndefined();
  expect(goOnCommand(givenReport({ state: 'failed', reason }), {}, {})).toBeUndefined();
});

it('repeats what a restore was asked for', () => {
  const message = 'say so with "acceptUnencrypted": true. Nothing was written.';
  const report = { ...blocked({ code: 'not-encrypted', message }), job: 'restore' as const };
  const asked = {
    snapshot: '20261122T101500Z',
    paths: ['workspace/a b'],
    target: 'cloud' as const,
  };
  expect(goOnCommand(report, asked, {})).toBe(
    "workspace-sync backup restore 20261122T101500Z --path 'workspace/a b' --to cloud --accept-unencrypted",
  );
});

function blocked(reason: { code: string; message: string } | undefined, warnings: string[] = []) {
  return givenReport({ state: 'blocked', ...(reason ? { reason } : {}), warnings });
}

function guardOf(precaution: 'none' | 'against-mode') {
  const empty = { rename: [], copy: [], update: [], compare: [], resend: [], keep: [] };
  const plan = { ...empty, delete: [{ path: 'a', size: 1 }] } as unknown as Parameters<
    typeof guardDeletes
  >[0];
  const counts = { direction: 'pull' as const, source: 1, destination: 5 };
  const limits = { maxDeletePercent: 10, maxDeleteFiles: 0, confirmDeletes: undefined };
  return guardDeletes(plan, counts, { ...limits, precaution });
}
