import { describe, expect, it } from 'vitest';
import {
  expectSamePassphrases,
  gatherSecrets,
  PendingSecrets,
  storeFresh,
} from '../../../../cli/setup/secrets.ts';
import type { Answers } from '../../../../cli/setup/answers.ts';
import { parseConfig } from '../../../../functions/shared/config/index.ts';
import { entriesIn, givenSetup, type Stored } from './given.ts';

const backup = { enabled: true, provider: 's3', encrypt: true, passphrase: '${PASS}' };
const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${DROPBOX_TOKEN}' } };
const webhook = { url: 'https://gateway.example/hooks', token: '${WEBHOOK_TOKEN}' };
const first = { sync: dropbox, webhook, backup };
const parsed = parseConfig({
  agents: { main: first, second: { ...first, sync: { ...dropbox, remotePath: 'other' } } },
});

const token = (of: string): string => JSON.stringify({ access_token: 'a', refresh_token: of });

interface Given {
  agent: string;
  answers?: Answers;
  imported?: Record<string, string>;
}

function samePassphrases(
  before: Stored,
  { agent, answers = {}, imported = {} }: Given,
): Promise<void> {
  const { setup } = givenSetup(entriesIn(before), answers);
  return expectSamePassphrases(setup, { parsed, agent, imported });
}

/** Gathers what a script has given, and stores it. */
async function stored(before: Stored, { agent, answers = {}, imported = {} }: Given) {
  const after = structuredClone(before);
  const { setup, said } = givenSetup(entriesIn(after), answers);
  const secrets = new PendingSecrets(setup);
  const sources = { parsed, agent, imported };
  await gatherSecrets(setup, secrets, 'others', sources);
  await gatherSecrets(setup, secrets, 'passphrase', sources);
  await storeFresh(setup, secrets);
  return { after, said: said.join('\n') };
}

describe('a setup with a passphrase', () => {
  it.each([
    ['in the answers', { answers: { secrets: { PASS: 'fresh' } } }],
    ['in an imported file', { imported: { PASS: 'fresh' } }],
  ])('does not replace the one that is stored: %s', async (_where, given) => {
    const before = { 'main/passphrase': { PASS: 'stored' } };
    await expect(samePassphrases(before, { agent: 'main', ...given })).rejects.toThrow(
      /PASS of agent "main" is stored already.*--replace/,
    );
  });

  it('goes on where none is stored, or the same', async () => {
    const agent = 'main';
    await samePassphrases({}, { agent, imported: { PASS: 'fresh' } });
    const before = { 'main/passphrase': { PASS: 'fresh' } };
    await samePassphrases(before, { agent, answers: { secrets: { PASS: 'fresh' } } });
    await samePassphrases(before, { agent });
  });

  it('gives each agent one of its own', async () => {
    const before = { 'main/passphrase': { PASS: 'stored' } };
    await samePassphrases(before, { agent: 'second', imported: { PASS: 'fresh' } });
  });

  it('shows one that it has made once it is stored, and none that could not be', async () => {
    const given = { agent: 'main', answers: { generatePassphrase: true, secrets: others } };
    const { after, said } = await stored({}, given);
    expect(said).toContain(`shown once: ${after['main/passphrase']?.['PASS'] ?? 'none'}`);

    const entries = { ...entriesIn({}), set: () => Promise.reject(new Error('no access')) };
    const { setup, said: shown } = givenSetup(entries, given.answers);
    const secrets = new PendingSecrets(setup);
    await gatherSecrets(setup, secrets, 'passphrase', { parsed, agent: 'main', imported: {} });
    await expect(storeFresh(setup, secrets)).rejects.toThrow('no access');
    expect(secrets.fresh()).toHaveLength(1);
    expect(shown).toEqual([]);
  });
});

const others = { DROPBOX_TOKEN: token('given'), WEBHOOK_TOKEN: 'given' };

describe('secrets that are given', () => {
  const before: Stored = {
    'main/sync': { DROPBOX_TOKEN: token('that a run has got') },
    'main/webhook': { WEBHOOK_TOKEN: 'stored' },
    'main/passphrase': { PASS: 'stored' },
  };

  it.each([
    ['in the answers', { answers: { secrets: { ...others, PASS: 'correct horse staple tape' } } }],
    ['in an imported file', { imported: { ...others, PASS: 'correct horse staple tape' } }],
  ])('are those of the agent that is set up, and of no other: %s', async (_where, given) => {
    const { after } = await stored(before, { agent: 'second', ...given });
    expect(after).toEqual({
      ...before,
      'second/sync': { DROPBOX_TOKEN: token('given') },
      'second/webhook': { WEBHOOK_TOKEN: 'given' },
      'second/passphrase': { PASS: 'correct horse staple tape' },
    });
  });

  it.each([
    ['in the answers', { answers: { secrets: others } }],
    ['in an imported file', { imported: others }],
  ])('do not replace what is stored, and it is said: %s', async (_where, given) => {
    const { after, said } = await stored(before, { agent: 'main', ...given });
    expect(after).toEqual(before);
    expect(said).toMatch(/DROPBOX_TOKEN of agent "main" is stored already and stays.*authorize/);
    expect(said).toMatch(/WEBHOOK_TOKEN .* stays.*secrets set WEBHOOK_TOKEN --agent main/);
  });

  it('are no matter where they are stored already', async () => {
    const same = { DROPBOX_TOKEN: token('that a run has got'), WEBHOOK_TOKEN: 'stored' };
    const { said } = await stored(before, { agent: 'main', imported: same });
    expect(said).toBe('');
  });
});
