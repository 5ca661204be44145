import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entries } from '../../../../cli/secrets/entries.ts';
import { PendingSecrets } from '../../../../cli/setup/secrets.ts';
import { tryCloud } from '../../../../cli/setup/trials.ts';
import { parseConfig } from '../../../../functions/shared/config/index.ts';
import { entriesIn, givenSetup, type Stored } from './given.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'workspace-sync-trials-'))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const old = '{"access_token":"a","refresh_token":"old"}';
const renewed = '{"access_token":"b","refresh_token":"renewed"}';

/** A program in the place of rclone, for which the provider gives a new token. */
function givenRclone(): NodeJS.ProcessEnv {
  const RCLONE_BINARY = join(folder, 'rclone');
  const script = `sed -i 's/^token *=.*/token = ${renewed}/' "$RCLONE_CONFIG"\necho '[]'\n`;
  writeFileSync(RCLONE_BINARY, `#!/bin/sh\n${script}`);
  chmodSync(RCLONE_BINARY, 0o755);
  const own = join(folder, 'own');
  mkdirSync(own);
  return { RCLONE_BINARY, XDG_RUNTIME_DIR: own, PATH: process.env['PATH'] };
}

const onedrive = {
  driveId: 'd',
  clientId: 'id',
  clientSecret: '${APP_SECRET}',
  token: '${THE_TOKEN}',
};
const [agent] = parseConfig({ sync: { provider: 'onedrive', mode: 'mailbox', onedrive } }).config
  .agents;

/** Looks at the cloud folder with these values, the given ones not stored yet. */
async function tried(entries: Entries, given: Record<string, string> = {}) {
  const { setup, said } = givenSetup(entries, {}, givenRclone());
  const secrets = new PendingSecrets(setup);
  for (const [reference, value] of Object.entries(given)) {
    secrets.add({ agent: 'main', scope: 'sync', reference }, value);
  }
  if (!agent) throw new Error('no agent');
  await tryCloud(setup, agent, secrets, 'eu-central-1');
  return { secrets, said: said.join('\n') };
}

describe('a token that the provider renews while a setup looks at the cloud folder', () => {
  it('takes the place of the stored one at once, and of that alone', async () => {
    const stored: Stored = { 'main/sync': { APP_SECRET: 'secret', THE_TOKEN: old } };
    const { secrets, said } = await tried(entriesIn(stored));
    expect(stored).toEqual({ 'main/sync': { APP_SECRET: 'secret', THE_TOKEN: renewed } });
    expect(secrets.fresh()).toEqual([]);
    expect(said).toMatch(/new token in the place of THE_TOKEN: it is stored/);
  });

  it('is stored at once also where the one before was only given', async () => {
    const stored: Stored = {};
    const { secrets } = await tried(entriesIn(stored), { APP_SECRET: 'secret', THE_TOKEN: old });
    expect(stored).toEqual({ 'main/sync': { THE_TOKEN: renewed } });
    expect(secrets.fresh()).toMatchObject([{ place: { reference: 'APP_SECRET' } }]);
    expect(await secrets.read('main', 'sync')).toMatchObject({ THE_TOKEN: renewed });
  });

  it('is kept for the end, and told, where it cannot be stored', async () => {
    const stored: Stored = { 'main/sync': { APP_SECRET: 'secret', THE_TOKEN: old } };
    const fails = (): Promise<never> => Promise.reject(new Error(`not ${renewed}`));
    const { secrets, said } = await tried({ ...entriesIn(stored), swap: fails, set: fails });
    expect(secrets.fresh()).toMatchObject([{ place: { reference: 'THE_TOKEN' }, value: renewed }]);
    expect(said).toMatch(/THE_TOKEN, and it cannot be stored now \(Error\).*log in once more/);
    expect(said).not.toContain(renewed);
  });
});
