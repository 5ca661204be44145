import { describe, expect, it } from 'vitest';
import { metrics } from '../../functions/shared/contract/index.ts';
import {
  givenAgent,
  givenBackedUpAgent,
  givenDeployment,
  resource,
  resources,
} from './fixtures.ts';
import { readable } from './policies.ts';

type Deployment = ReturnType<typeof givenDeployment>['template'];

const dashboard = 'AWS::CloudWatch::Dashboard';
const bodyOf = (template: Deployment): string =>
  readable(resource(template, dashboard).Properties['DashboardBody']);
const widgetsOf = (template: Deployment): unknown[] =>
  (JSON.parse(bodyOf(template).replaceAll('<', '').replaceAll('>', '')) as { widgets: unknown[] })
    .widgets;

describe('the dashboard', () => {
  const { template } = givenDeployment([givenBackedUpAgent('ann')], { monthlyCap: 5 });

  it('is named after the deployment and says where to read', () => {
    expect(resource(template, dashboard).Properties['DashboardName']).toBe('workspace-sync-home');
    expect(bodyOf(template)).toContain('docs/runbook.md');
  });

  it.each([
    metrics.succeeded,
    metrics.partial,
    metrics.blocked,
    metrics.skipped,
    metrics.failed,
    metrics.duration,
    metrics.filesSent,
    metrics.filesDelivered,
    metrics.filesQuarantined,
    metrics.verifiedAge,
  ])('finds %s of every agent of this deployment and of no other', (metric) => {
    const searches = [...bodyOf(template).matchAll(/SEARCH\('([^']+)'/g)].map(([, text]) => text);
    const found = searches.filter((text) => text?.includes(`MetricName=\\"${metric}\\"`));
    expect(found).not.toEqual([]);
    for (const text of found) {
      expect(text).toMatch(/^\{WorkspaceSync,Agent,Deployment(,Job)?\}/);
      expect(text).toContain('Deployment=\\"home\\"');
    }
  });

  it.each([
    'MonthCost',
    'ApproximateNumberOfMessagesVisible',
    'Errors',
    'Throttles',
    'ConcurrentExecutions',
  ])('shows %s', (metric) => {
    expect(bodyOf(template)).toContain(`"${metric}"`);
  });

  it('draws the cap where there is one', () => {
    expect(bodyOf(template)).toContain('"value":5,"label":"monthly cap"');
    const { template: free } = givenDeployment([givenAgent('ann')]);
    expect(bodyOf(free)).not.toContain('monthly cap');
  });

  it('has the same widgets for one agent and for two hundred, and fewer than 500', () => {
    const many = Array.from({ length: 200 }, (_, index) => givenAgent(`agent-${index}`));
    const { template: large } = givenDeployment(many, { monthlyCap: 5 });
    expect(widgetsOf(large)).toHaveLength(widgetsOf(template).length);
    expect(widgetsOf(template).length).toBeLessThan(500);
  });

  it('is not there where somebody would rather not pay for it', () => {
    const { template: bare } = givenDeployment([givenAgent('ann')], { dashboard: false });
    expect(resources(bare, dashboard)).toEqual([]);
  });
});
