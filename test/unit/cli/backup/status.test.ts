import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { status } from '../../../../cli/backup/status.ts';
import { general, givenStacks } from '../stacks.ts';
import { givenShell } from '../shell.ts';

const reason = { code: 'network', message: 'The storage of snapshots does not answer.' };
const known = { agent: 'main', jobs: [], recoveryPoint: { text: 'unknown' } };

it('counts no snapshots where they could not be listed', async () => {
  givenAnswers({ status: [known], list: { state: 'failed', reason, warnings: [] } });
  const { exitCode, out } = await statusOf({});
  expect(exitCode).toBe(1);
  expect(out).toContain(`not known: ${reason.message}`);
  expect(out).not.toContain('0 snapshots');
});

it('says so to a program, too', async () => {
  givenAnswers({ status: [known], list: { state: 'failed', reason, warnings: [] } });
  const { exitCode, out } = await statusOf({ json: true });
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ problem: reason });
  expect(JSON.parse(out)).not.toHaveProperty('snapshots');
});

it('counts those that there are, and says what else lies there', async () => {
  const listed = { state: 'succeeded', snapshots: [], warnings: ['2 backups were not finished'] };
  givenAnswers({ status: [known], list: listed });
  const { exitCode, out, said } = await statusOf({});
  expect(exitCode).toBe(0);
  expect(out).toContain('0 snapshots, 0 B');
  expect(said).toEqual(listed.warnings);
});

it('does not say of an agent that the status leaves out that its backups are off', async () => {
  givenAnswers({ status: [], list: { state: 'succeeded', snapshots: [], warnings: [] } });
  await expect(statusOf({})).rejects.toMatchObject({ code: 'left-out', exitCode: 1 });
});

/** What the functions of a deployment answer, by their names. */
function givenAnswers(answers: Record<string, unknown>): void {
  givenStacks({
    'WorkspaceSync-default': {
      Agents: 'main',
      StatusFunctionName: 'status',
      ListFunctionName: 'list',
    },
  });
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(({ FunctionName }: { FunctionName: string }) => {
      return { Payload: Buffer.from(JSON.stringify(answers[FunctionName])) };
    });
}

async function statusOf(options: { json?: boolean }) {
  const { shell, out, said } = givenShell();
  const exitCode = await status(shell, { ...general, ...options });
  return { exitCode, out: out.join('\n'), said };
}
