import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { restore, type RestoreOptions } from '../../../../cli/backup/restore.ts';
import { general, givenStacks } from '../stacks.ts';
import { givenReport } from '../report/report.ts';
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
  expect(asked).toMatchObject([{ agent: 'main' }, { job: 'restore', target: 'live', confirm }]);
});

it('says that the next sync undoes it where the workspace is a mirror, before and after', async () => {
  const { said, out } = await restored({ to: 'live', confirm, detach: false }, 'mirror');
  expect(said.join('\n')).toContain('The mode is mirror: the next sync');
  expect(out.join('\n')).toContain('The mode is mirror: the next sync');
});

it.each(['bisync', 'mailbox', 'off'])('says nothing of that kind in mode %s', async (mode) => {
  const { said, out } = await restored({ to: 'live', confirm, detach: false }, mode);
  expect([...said, ...out].join('\n')).not.toContain('next sync');
});

it('says it with care where the mode is not known, and restores all the same', async () => {
  const { said, asked } = await restored({ to: 'live', confirm }, 'unknown');
  expect(said.join('\n')).toContain('Where the mode is mirror: the next sync');
  expect(asked).toContainEqual(expect.objectContaining({ job: 'restore', target: 'live' }));
});

interface Restored {
  error: unknown;
  /** What the functions of the deployment were asked for. */
  asked: unknown[];
  out: string[];
  said: string[];
}

/** A restore that a script asks for: there is no terminal to ask at. */
async function restored(options: Partial<RestoreOptions>, mode = 'mailbox'): Promise<Restored> {
  givenStacks({
    'WorkspaceSync-default': {
      Agents: 'main',
      RestoreFunctionName: 'restore',
      StatusFunctionName: 'status',
      StateBucketName: 'state',
    },
  });
  const report = givenReport({ job: 'restore', restoredTo: 's3://workspace/main/' });
  mockClient(S3Client)
    .on(GetObjectCommand)
    .callsFake(({ Key }: { Key: string }) => {
      if (!Key.startsWith('history/')) throw new NoSuchKey({ message: 'none', $metadata: {} });
      return { Body: { transformToString: () => Promise.resolve(JSON.stringify(report)) } };
    });
  const asked: unknown[] = [];
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(({ FunctionName, Payload }: { FunctionName: string; Payload: string }) => {
      asked.push(JSON.parse(Payload));
      if (FunctionName !== 'status') return {};
      if (mode === 'unknown') throw new Error('The function is stopped');
      return { Payload: Buffer.from(JSON.stringify([statusIn(mode)])) };
    });
  const { shell, out, said } = givenShell();
  const command = { ...general, to: 'live' as const, detach: true, ...options };
  const error: unknown = await restore(shell, undefined, command).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return { error, asked, out, said };
}

function statusIn(mode: string): object {
  return mode === 'off' ? { provider: 'off', mode: 'mirror' } : { provider: 'dropbox', mode };
}
