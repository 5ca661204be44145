import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { status } from '../../../../cli/status/status.ts';
import { insideChecks } from '../../../../cli/doctor/inside.ts';
import { deployedChecks } from '../../../../cli/doctor/deployed.ts';
import { examine } from '../../../../cli/doctor/doctor.ts';
import { openExamination } from '../../../../cli/doctor/examination.ts';
import { general, givenStacks } from '../stacks.ts';
import { givenShell } from '../shell.ts';

const main = 'WorkspaceSync-default';
const mounted = `${main}-Efs-fsap1`;

it('says of a stack that is missing that nothing is known of its agents', async () => {
  givenDeployment([main]);
  const { exitCode, out, said } = await statusOf({ check: true });
  expect(exitCode).toBe(1);
  expect(said).toContain(mounted);
  expect(JSON.parse(out)).toMatchObject([{ agent: 'ann' }]);
});

it('is well where every agent of every stack is', async () => {
  givenDeployment([main, mounted]);
  const { exitCode, out, said } = await statusOf({ check: true });
  expect(said).toBe('');
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject([{ agent: 'ann' }, { agent: 'ben' }]);
});

it.each([{}, { agent: 'ann' }])(
  'takes no answer about nobody for a good one: %j',
  async (which) => {
    givenDeployment([main, mounted], () => []);
    const { exitCode, said } = await statusOf({ check: true, ...which });
    expect(exitCode).toBe(1);
    expect(said).toContain('ann');
  },
);

it('names an agent that the answer leaves out', async () => {
  givenDeployment([main, mounted], (set) => (set === 'main' ? [healthy('ann')] : []));
  const { exitCode, said } = await statusOf({ check: true });
  expect(exitCode).toBe(1);
  expect(said).toContain('ben');
});

it('lets the doctor ask about an agent only the functions that serve it', async () => {
  givenDeployment([main, mounted], (set, agent) => {
    if (set !== 'mounted' || agent !== 'ben') throw new Error('There is no such agent here');
    return [healthy('ben')];
  });
  expect(await findings('status', { agent: 'ben' })).toMatchObject([{ state: 'ok' }]);
});

it('lets the doctor find what the status leaves out', async () => {
  givenDeployment([main, mounted], (set) => (set === 'main' ? [healthy('ann')] : []));
  expect(await findings('status', {})).toMatchObject([{ state: 'wrong', about: 'ben' }]);
});

it('lets the doctor take no answer about nobody for a good one', async () => {
  givenDeployment([main], () => []);
  givenStacks({ [main]: { StatusFunctionName: 'main' } });
  expect(await findings('status', {})).toMatchObject([{ state: 'wrong' }]);
});

it('lets the doctor find a missing stack', async () => {
  givenDeployment([main]);
  const [found] = await findings('deployment', {});
  expect(found).toMatchObject({ state: 'wrong' });
  expect(found?.message).toContain(mounted);
});

function healthy(agent: string): object {
  return { agent, healthy: true, problems: [], jobs: [], tokens: [], recoveryPoint: { text: '' } };
}

type Answer = (set: string, agent: string | undefined) => object[];

const allHealthy: Answer = (set) => [healthy(set === 'main' ? 'ann' : 'ben')];

/** The main stack with agent `ann`, and one of an access point with `ben`, as far as they are there. */
function givenDeployment(there: string[], answer = allHealthy): void {
  const all = {
    [main]: { Stacks: `${main},${mounted}`, Agents: 'ann', StatusFunctionName: 'main' },
    [mounted]: { Agents: 'ben', StatusFunctionName: 'mounted' },
  };
  givenStacks(Object.fromEntries(Object.entries(all).filter(([name]) => there.includes(name))));
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(({ FunctionName, Payload }: { FunctionName: string; Payload: string }) => {
      const { agent } = JSON.parse(Payload) as { agent?: string };
      return { Payload: Buffer.from(JSON.stringify(answer(FunctionName, agent))) };
    });
}

async function statusOf(options: { check: boolean; agent?: string }) {
  const { shell, out, said } = givenShell();
  const exitCode = await status(shell, { ...general, json: true, ...options });
  return { exitCode, out: out.join('\n'), said: said.join('\n') };
}

function findings(name: string, options: { agent?: string }) {
  const examination = openExamination(givenShell().shell, { ...general, ...options });
  const checks = [...insideChecks(), ...deployedChecks()].filter((check) => check.name === name);
  return examine(examination, checks);
}
