import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { mockClient } from 'aws-sdk-client-mock';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deployedChecks } from '../../../../cli/doctor/deployed.ts';
import { examine } from '../../../../cli/doctor/doctor.ts';
import { openExamination } from '../../../../cli/doctor/examination.ts';
import type { Finding } from '../../../../cli/doctor/finding.ts';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';
import { givenShell } from '../shell.ts';
import { general, givenStacks } from '../stacks.ts';

const backup = { job: 'backup', agent: 'main', trigger: 'schedule' };
const verify = { ...backup, job: 'verify' };
const all = [backup, verify, { sweep: true }, { refresh: true }];

it('finds all schedules that a deployment has', async () => {
  expect(await examined(all)).toMatchObject([{ state: 'ok' }]);
});

it.each([
  ['backup', backup],
  ['sweep', { sweep: true }],
  ['refresh', { refresh: true }],
])('misses a deleted schedule of %s', async (name, gone) => {
  const left = all.filter((each) => JSON.stringify(each) !== JSON.stringify(gone));
  const [found, ...others] = await examined(left);
  expect(found).toMatchObject({ state: 'wrong' });
  expect(found?.message).toContain(`There is no schedule of ${name}`);
  expect(others).toEqual([]);
});

it('misses that of one stack of two', async () => {
  const [found] = await examined([...all, { refresh: true }], ['WorkspaceSync-default-Efs-fsap1']);
  expect(found?.message).toContain('There is no schedule of sweep');
});

/** What the check of schedules finds, by what their targets are told. */
async function examined(inputs: object[], mounted: string[] = []): Promise<Finding[]> {
  const Stacks = ['WorkspaceSync-default', ...mounted].join(',');
  givenStacks({
    'WorkspaceSync-default': { Agents: 'main', ScheduleGroupName: 'group', Stacks },
    ...Object.fromEntries(mounted.map((stack) => [stack, { Agents: '' }])),
  });
  mockClient(SchedulerClient)
    .on(ListSchedulesCommand)
    .resolves({ Schedules: inputs.map((_, index) => ({ Name: String(index) })) })
    .on(GetScheduleCommand)
    .callsFake(({ Name }: { Name: string }) => {
      return { State: 'ENABLED', Target: { Input: JSON.stringify(inputs[Number(Name)]) } };
    });
  const config = join(folderOfTest('workspace-sync-doctor'), 'workspace-sync.json');
  const agent = { sync: { provider: 'off' }, backup: { enabled: true, provider: 's3' } };
  writeFileSync(config, JSON.stringify({ deployment: 'default', agents: { main: agent } }));
  const checks = deployedChecks().filter(({ name }) => name === 'schedules');
  return examine(openExamination(givenShell().shell, { ...general, config }), checks);
}
