import { expect, it } from 'vitest';
import type { Credential } from '../../../functions/shared/credentials/credential.ts';
import { keepTokens } from '../../../functions/shared/credentials/keeper.ts';
import type { RunContext } from '../../../functions/shared/runtime/run.ts';
import { systemClock } from '../../../functions/shared/clock.ts';
import { customRemote } from '../../../functions/shared/rclone/remote.ts';

const old = { access_token: 'a1', refresh_token: 'once-1' };
const fresh = JSON.stringify({ access_token: 'a2', refresh_token: 'once-2' });

/** The entry, after rclone has told of a fresh token while the entry held this. */
async function savedOver(entry: string): Promise<string> {
  const held = { TOKEN: entry };
  const secrets = {
    read: () => Promise.resolve({ values: { ...held }, versionId: 'v' }),
    replace: ({ from, to }: { from: string; to: string }) => {
      if (held.TOKEN !== from) return Promise.resolve('superseded');
      held.TOKEN = to;
      return Promise.resolve('written');
    },
  };
  const log = { debug: skip, info: skip, warn: skip, error: skip };
  const runtime = { secrets, log, clock: systemClock };
  const context = { runtime, budget: { deadline: Date.now() + 60_000 } } as unknown as RunContext;
  const token = JSON.stringify(old);
  const credential: Credential = {
    source: { agent: 'anna', scope: 'sync', reference: 'TOKEN' },
    entry: 'entry',
    scope: 'scope',
    remotes: [customRemote('cloud', '', { rcloneType: 'box', rcloneOptions: { token } })],
    token,
    stored: token,
  };
  await keepTokens(context, [credential], () => token).onConfig(`[cloud]\ntoken = ${fresh}\n`);
  return held.TOKEN;
}

function skip(): void {
  // Nobody reads it.
}

it.each([
  ['as it was read', JSON.stringify(old)],
  ['the same in another form', JSON.stringify(old, undefined, 2)],
])('saves a fresh token where the entry is %s', async (_, entry) => {
  expect(await savedOver(entry)).toBe(fresh);
});

it('leaves a token alone that somebody has put in its place', async () => {
  const theirs = JSON.stringify({ ...old, refresh_token: 'theirs' });

  expect(await savedOver(theirs)).toBe(theirs);
});
