import { describe, expect, it } from 'vitest';
import { capOfMonth } from '../../../cli/cost/cap.ts';
import { accountText, type Account } from '../../../cli/cost/text.ts';
import { estimate } from '../../../cli/cost/estimate.ts';

const general = { json: false, yes: false, local: false };
const example = { ...general, config: 'workspace-sync.example.json' };

describe('an estimate', () => {
  it('needs nothing but the configuration file', () => {
    const account = estimate(example);
    expect(account).toMatchObject({ kind: 'estimate', deployment: 'default', agents: ['main'] });
    const sum = account.lines.reduce((all, { dollars }) => all + dollars, 0);
    expect(account.dollars).toBeCloseTo(sum, 10);
    expect(account.dollars).toBeGreaterThan(0);
  });

  it('takes the word of who knows more about the agents', () => {
    const [few, many] = [
      { files: 100, size: 1e6 },
      { files: 90_000, size: 5e10, changed: 50 },
    ];
    const [small, large] = [few, many].map((assumed) => estimate({ ...example, ...assumed }));
    expect(large?.dollars).toBeGreaterThan(1 + (small?.dollars ?? Infinity));
    expect(large?.assumptions).toMatchObject({ files: 90_000, bytes: 5e10, changedPerDay: 0.5 });
  });

  it('says where to get a configuration file when there is none', () => {
    expect(() => estimate({ ...general, config: 'none.json' })).toThrow(
      /no configuration file none\.json.*workspace-sync setup/,
    );
  });
});

describe('the text of an account', () => {
  const account: Account = {
    kind: 'month',
    deployment: 'home',
    agents: ['main'],
    month: '2026-11',
    elapsed: 0.5,
    lines: [
      { thing: 'Lambda, computing', amount: 120_000, unit: 'GB-seconds', dollars: 1.6 },
      { thing: 'nothing much', amount: 1, unit: 'calls', dollars: 0.000001 },
    ],
    dollars: 1.6,
    projected: 3.2,
    turns: 1,
    cap: 2,
    notCounted: ['Taxes.'],
  };

  it('names the sum, the pace, the turns, the cap, and what is not in it', () => {
    const text = accountText(account);
    for (const part of [
      '2026-11 so far (50 % of the month)',
      '$1.60',
      '$3.20',
      '1 agent turn.',
      '120,000',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain('The cap of a month is $2.00 for what runs use.');
    expect(text).toContain('Taxes.');
    expect(text).toContain('counts from the first of the month');
    expect(text).not.toContain('nothing much');
  });

  it('says that a cap is reached, and since when', () => {
    const paused = { month: '2026-11', cap: 2, used: 2.1, since: '2026-11-20T10:00:00.000Z' };
    expect(accountText({ ...account, paused })).toMatch(
      /reached: everything but backups .* since 2026-11-20/,
    );
  });
});

describe('the cap of a month so far', () => {
  const budget = { version: 1, month: '2026-11', cap: 5, used: 5.1, since: 'then' } as const;
  const paused = { month: '2026-11', cap: 5, used: 5.1, since: 'then' };

  it('pauses by the record, and by the configuration where there is one', () => {
    expect(capOfMonth(budget, '2026-11', undefined)).toEqual({ cap: 5, paused });
    expect(capOfMonth(budget, '2026-11', { monthlyCap: 5 })).toEqual({ cap: 5, paused });
    expect(capOfMonth(undefined, '2026-11', { monthlyCap: 5 })).toEqual({ cap: 5 });
  });

  it.each([
    ['another month', '2026-12', undefined, {}],
    ['a cap that was taken away', '2026-11', {}, {}],
    ['a cap that was raised', '2026-11', { monthlyCap: 6 }, { cap: 6 }],
  ])('does not pause for what was written down for %s', (_, month, config, found) => {
    expect(capOfMonth(budget, month, config)).toEqual(found);
  });
});
