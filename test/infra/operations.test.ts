import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { givenAgent, givenDeployment, givenEfsAgent, resources } from './fixtures.ts';
import { statementsOf } from './policies.ts';

type Options = Parameters<typeof givenDeployment>[1];

/** The templates with functions of a deployment with a set for an access point besides. */
function setsOf(options: Options): Template[] {
  const { app } = givenDeployment([givenAgent('ann'), givenEfsAgent('eve')], options);
  return app.node.children
    .filter((child): child is Stack => Stack.isStack(child))
    .map((stack) => Template.fromStack(stack))
    .filter((template) => resources(template, 'AWS::Lambda::Function', 'Agents').length > 0);
}

/** Ids of the functions whose environment has this variable, with its value. */
function having(template: Template, variable: string): Record<string, unknown> {
  const functions = template.findResources('AWS::Lambda::Function') as Record<
    string,
    { Properties: { Environment?: { Variables: Record<string, unknown> } } }
  >;
  return Object.fromEntries(
    Object.entries(functions).flatMap(([id, { Properties }]) => {
      const value = Properties.Environment?.Variables[variable];
      return value === undefined ? [] : [[id.replace(/Function\w{8}$/, ''), value]];
    }),
  );
}

/** Actions of a role on the record of the pause. */
function onBudget(template: Template, role: string): string[] {
  return statementsOf(template, role)
    .filter(({ Resource }) => Resource.some((arn) => arn.endsWith('/budget.json')))
    .flatMap(({ Action }) => Action)
    .sort();
}

describe('a monthly cap', () => {
  it('is told to those whose runs it holds back, and to who adds up, in every set', () => {
    const sets = setsOf({ monthlyCap: 2.5 });
    expect(sets).toHaveLength(2);
    for (const set of sets) {
      const told = having(set, 'MONTHLY_CAP');
      expect(Object.values(told)).toEqual(['2.5', '2.5', '2.5', '2.5']);
      expect(
        Object.keys(told).map((id) => /Agents(Sync|Drain|Verify|Status)/.exec(id)?.[1]),
      ).toEqual(expect.arrayContaining(['Sync', 'Drain', 'Verify', 'Status']));
    }
  });

  it('may be read by them, and written by who adds up', () => {
    for (const set of setsOf({ monthlyCap: 2.5 })) {
      for (const role of ['AgentsSyncRole', 'AgentsDrainRole', 'AgentsVerifyRole']) {
        expect([role, ...onBudget(set, role)]).toEqual([role, 's3:GetObject']);
      }
      expect(onBudget(set, 'AgentsStatusRole')).toEqual([
        's3:DeleteObject',
        's3:GetObject',
        's3:PutObject',
      ]);
      expect(onBudget(set, 'AgentsBackupRole')).toEqual([]);
    }
  });

  it('that is not set changes nothing', () => {
    for (const set of setsOf({})) {
      expect(having(set, 'MONTHLY_CAP')).toEqual({});
      expect(onBudget(set, 'AgentsSyncRole')).toEqual([]);
    }
  });
});

describe('tracing', () => {
  it('is switched on for every job of every set', () => {
    for (const set of setsOf({ tracing: true })) {
      expect(Object.keys(having(set, 'TRACING'))).toHaveLength(7);
      const traced = resources(set, 'AWS::Lambda::Function').filter(
        ({ Properties }) => Properties['TracingConfig'] !== undefined,
      );
      expect(traced.map(({ Properties }) => Properties['TracingConfig'])).toEqual(
        Array.from({ length: 7 }, () => ({ Mode: 'Active' })),
      );
      const actions = statementsOf(set, 'AgentsSyncRole').flatMap(({ Action }) => Action);
      expect(actions).toContain('xray:PutTraceSegments');
    }
  });

  it('leaves no trace of itself where it is off', () => {
    for (const set of setsOf({})) {
      expect(JSON.stringify(set.toJSON())).not.toMatch(/xray|TRACING|TracingConfig/);
    }
  });
});
