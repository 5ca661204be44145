import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { restore, type RestoreOptions } from '../../../../cli/backup/restore.ts';
import { general, givenStacks } from '../stacks.ts';
import { givenShell } from '../shell.ts';

const confirm = 'overwrite-live-files';

it('takes --yes for no answer where the agent’s files would be overwritten', async () => {
  const { error, asked } = await restored({ to: 'live', yes: true });
  expect(error).toMatchObject({ code: 'usage', exitCode: 2 });
  expect(String(error)).toContain(`--confirm ${confirm}`);
  expect(asked).toEqual([]);
});

it('overwrites them where the word is given', async () => {
  const { error, asked } = await restored({ to: 'live', confirm });
  expect(error).toBeUndefined();
  expect(asked).toMatchObject([{ job: 'restore', target: 'live', confirm }]);
});

interface Restored {
  error: unknown;
  /** What the functions of the deployment were asked for. */
  asked: unknown[];
}

/** A restore that a script asks for: there is no terminal to ask at. */
async function restored(options: Partial<RestoreOptions>): Promise<Restored> {
  givenStacks({
    'WorkspaceSync-default': { Agents: 'main', RestoreFunctionName: 'restore' },
  });
  const asked: unknown[] = [];
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(({ Payload }: { Payload: string }) => {
      asked.push(JSON.parse(Payload));
      return {};
    });
  const { shell } = givenShell();
  const command = { ...general, to: 'live' as const, detach: true, ...options };
  const error: unknown = await restore(shell, undefined, command).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return { error, asked };
}
