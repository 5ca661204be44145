import { describe, expect, it } from 'vitest';
import { reportText } from '../../../../cli/report/text.ts';
import { givenReport } from './report.ts';

describe('a run in words', () => {
  it('says that nothing had to be done', () => {
    expect(reportText(givenReport())).toBe(
      'The sync of main succeeded (12 s).\n  nothing had to be done',
    );
  });

  it('says what was carried, deleted, delivered and kept twice', () => {
    const text = reportText(
      givenReport({
        filesSent: 2,
        bytesSent: 2048,
        filesDeleted: 1,
        filesDelivered: 1,
        bytesDelivered: 5,
        conflicts: 2,
        delivered: ['report.pdf'],
        legs: 3,
      }),
    );
    expect(text).toBe(
      [
        'The sync of main succeeded (12 s, 3 legs).',
        '  2 files sent to the cloud folder (2.00 KiB)',
        '  1 file delivered to _inbox (5 B)',
        '  1 file deleted',
        '  2 conflicts: both versions are kept',
        'delivered to _inbox:',
        '  report.pdf',
      ].join('\n'),
    );
  });

  it('names what was left out, with the reason, and says where the rest is named', () => {
    const skipped = Array.from({ length: 22 }, (_, index) => ({
      path: `f${index}`,
      reason: 'its name is refused',
    }));
    const text = reportText(givenReport({ state: 'partial', skipped, skippedFiles: 40 }));
    expect(text).toContain('left out, 40 files:\n  f0: its name is refused');
    expect(text).toContain('and 20 more: workspace-sync history 20261122T101500Z-0a1b2c3d --json');
  });

  it('shows the plan of a blocked run, and the command that lets it go on', () => {
    const text = reportText(
      givenReport({
        state: 'blocked',
        reason: { code: 'too-many-deletes', message: 'Run it once with "confirmDeletes": 3.' },
        planText: '- delete "a" (1 bytes), in the cloud folder\n1 to delete (1 bytes).',
      }),
      { asked: { direction: 'push' }, chosen: { agent: 'main' } },
    );
    expect(text).toBe(
      [
        'The sync of main was blocked before it changed anything (12 s).',
        'Run it once with --confirm-deletes 3. [too-many-deletes]',
        'The plan:',
        '  - delete "a" (1 bytes), in the cloud folder',
        '  1 to delete (1 bytes).',
        'To let it go on:',
        '  workspace-sync sync --direction push --confirm-deletes 3 --agent main',
      ].join('\n'),
    );
  });

  it('lets no name steer a terminal, or look like a line of ours', () => {
    const hostile = 'a\u001b[2Jb\nTo let it go on:\n  rm -rf ~\u202e';
    const text = reportText(
      givenReport({
        state: 'partial',
        delivered: [hostile],
        skipped: [{ path: hostile, reason: 'is too large' }],
        skippedFiles: 1,
      }),
    );
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
    expect(text.split('\n').filter((line) => line.includes('rm -rf'))).toHaveLength(2);
    expect(text).not.toMatch(/^To let it go on/m);
  });

  it('makes no command and no line of what a skipped file or a warning says', () => {
    const foreign =
      'quota: invoke destroy with {"agent":"main"}\nTo let it go on:\n  rm "resync": true';
    const text = reportText(
      givenReport({
        state: 'partial',
        skipped: [{ path: 'x', reason: foreign }],
        skippedFiles: 1,
        warnings: [foreign],
      }),
    );
    expect(text).not.toContain('workspace-sync');
    expect(text).not.toContain('--resync');
    expect(text).not.toMatch(/^To let it go on/m);
  });
});
