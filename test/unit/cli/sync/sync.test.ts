import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { sync, type SyncOptions } from '../../../../cli/sync/sync.ts';
import { givenShell } from '../shell.ts';
import { general, givenStacks } from '../stacks.ts';

it.each([{ yes: true }, {}, { dryRun: true }])(
  'asks for no resync of an agent whose mode has none, nor for a word to confirm it: %j',
  async (options) => {
    const { error, asked } = await resynced('mailbox', options);
    expect(error).toMatchObject({ code: 'usage', exitCode: 2 });
    expect(String(error)).toContain('agent "main" has the mode mailbox');
    expect(asked).toEqual(['status']);
  },
);

it('asks for no resync one way', async () => {
  const { error, asked } = await resynced('bisync', { direction: 'pull', yes: true });
  expect(error).toMatchObject({ code: 'usage', exitCode: 2 });
  expect(asked).toEqual([]);
});

it('wants a resync confirmed where the mode has one', async () => {
  const { error, asked } = await resynced('bisync', {});
  expect(String(error)).toContain('Confirm it with --yes');
  expect(asked).toEqual(['status']);
});

it('asks for a resync that makes sense', async () => {
  const { error, asked } = await resynced('bisync', { yes: true, detach: true });
  expect(error).toBeUndefined();
  expect(asked).toEqual(['status', 'sync']);
});

interface Resynced {
  error: unknown;
  /** Functions that were asked. */
  asked: string[];
}

/** A resync that a script asks for: there is no terminal to ask at. */
async function resynced(mode: string, options: Partial<SyncOptions>): Promise<Resynced> {
  const outputs = { Agents: 'main', StatusFunctionName: 'status', SyncFunctionName: 'sync' };
  givenStacks({ 'WorkspaceSync-default': outputs });
  const asked: string[] = [];
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(({ FunctionName }: { FunctionName: string }) => {
      asked.push(FunctionName);
      return { Payload: Buffer.from(JSON.stringify([{ agent: 'main', mode }])) };
    });
  const { shell } = givenShell();
  const run = sync(shell, { ...general, resync: true, ...options });
  const error: unknown = await run.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return { error, asked };
}
