import { describe, expect, it } from 'vitest';
import { byCause } from '../../../../cli/doctor/causes.ts';
import { findingsText } from '../../../../cli/doctor/doctor.ts';
import type { Finding } from '../../../../cli/doctor/finding.ts';
import { runbookAnchors } from '../../../../functions/shared/contract/index.ts';

const refused = 'the storage does not accept the credentials';

/** One wrong password, as the checks see it. */
const password: Finding[] = [
  wrong('cloud-from-here', `The cloud folder cannot be listed: ${refused}`, { about: 'ann' }),
  wrong('alarms', 'An alarm rings: syncs fail', { runbook: runbookAnchors.syncFailed }),
  wrong('cloud-from-lambda', `The cloud folder cannot be listed: ${refused}`, { about: 'ann' }),
  wrong('status', `The last sync failed: The plan cannot be made: ${refused}`, {
    about: 'ann',
    runbook: runbookAnchors.syncFailed,
  }),
];

describe('the findings of one cause', () => {
  it('are one, with what follows in one line', () => {
    const said = findingsText(password);
    expect(said.match(/WRONG/g)).toHaveLength(1);
    expect(said).toContain('For the same reason: cloud-from-lambda, status, alarms.');
    expect(said).toMatch(/\n1 thing is wrong\.$/);
  });

  it('are one where nothing can be looked at', () => {
    const missing = 'There is no deployment "default" in this account and region.';
    const checks = ['deployment', 'schedules', 'functions'];
    const causes = byCause(checks.map((check) => wrong(check, missing)));
    expect(causes).toHaveLength(1);
    expect(causes[0]?.followers.map(({ check }) => check)).toEqual(['schedules', 'functions']);
  });

  it('are one with the alarm and the silence that come of it', () => {
    const { syncBlocked, syncSilent } = runbookAnchors;
    const found = [
      wrong('alarms', 'An alarm rings: no sync', { runbook: syncSilent }),
      wrong('status', 'No sync has succeeded for 2 days', { about: 'ann', runbook: syncSilent }),
      wrong('status', 'The last sync was blocked: x', { about: 'ann', runbook: syncBlocked }),
    ];
    const [cause, ...others] = byCause(found);
    expect(others).toEqual([]);
    expect(cause?.finding.message).toContain('blocked');
  });

  it('are one with the dead letters that the status counts, too', () => {
    const runbook = runbookAnchors.deadDrops;
    const found = [
      wrong('dead-letters', 'Dead letters: 1 in the queue of drops', { runbook }),
      wrong('status', '1 dead letter, of any agent', { about: 'ann', runbook }),
    ];
    expect(byCause(found)).toHaveLength(1);
  });
});

describe('findings of several causes', () => {
  it.each([
    ['another agent', wrong('cloud-from-lambda', password[0]?.message ?? '', { about: 'ben' })],
    ['another reason', wrong('cloud-from-lambda', 'It cannot be listed: full', { about: 'ann' })],
    ['another heading', wrong('status', '2 dead letters', { runbook: runbookAnchors.deadDrops })],
  ])('stay what they are: %s', (_which, other) => {
    expect(byCause([...password.slice(0, 1), other])).toHaveLength(2);
  });

  it('stand in the order in which they were found, with what is well', () => {
    const well: Finding = { check: 'node', state: 'ok', message: 'Node 24' };
    expect(byCause([well, well, ...password]).map(({ finding }) => finding.check)).toEqual([
      ...['node', 'node', 'cloud-from-here'],
    ]);
  });
});

function wrong(check: string, message: string, more: Partial<Finding> = {}): Finding {
  return { check, state: 'wrong', message, cure: 'Do something', ...more };
}
