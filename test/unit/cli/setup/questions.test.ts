import { describe, expect, it } from 'vitest';
import type { Answers } from '../../../../cli/setup/answers.ts';
import { withAgent } from '../../../../cli/setup/file.ts';
import { draftOf } from '../../../../cli/setup/questions.ts';
import { parseConfig } from '../../../../functions/shared/config/index.ts';
import { entriesIn, givenSetup } from './given.ts';

type Json = Record<string, unknown>;

const main = {
  sync: {
    provider: 'dropbox',
    mode: 'mirror',
    remotePath: 'mine',
    localPath: 'notes',
    interval: 600,
    notifyOnInbox: true,
    dropbox: { token: '${DROPBOX_TOKEN}' },
  },
  backup: { enabled: true, provider: 'dropbox', dropbox: { token: '${T}' }, retain: 3 },
  webhook: { url: 'https://gateway.example/hooks', agentId: 'ann', token: '${HOOKS}', window: 30 },
};
const file = { deployment: 'home', alarmEmail: 'ann@example.com', agents: { main } };

/** The file after a setup of the agent "main" that nobody was there to be asked by. */
async function after(given: Answers, existing: Json = file): Promise<Json> {
  const { setup } = givenSetup(entriesIn({}), { provider: 'dropbox', ...given });
  const offer = { agent: 'main', session: undefined, existing };
  const draft = await draftOf(setup.interview, offer);
  const whole = withAgent(existing, { ...draft, deployment: 'home' });
  parseConfig(whole);
  return whole;
}

describe('a setup of an agent that is there', () => {
  it('changes nothing of which nothing is said', async () => {
    expect(await after({})).toEqual(file);
  });

  it('writes a no where there was a yes', async () => {
    expect(await after({ backup: false, webhookUrl: '', alarmEmail: '' })).toStrictEqual({
      deployment: 'home',
      agents: {
        main: {
          sync: { ...main.sync, notifyOnInbox: false },
          backup: { ...main.backup, enabled: false },
        },
      },
    });
  });

  it('takes snapshots again where it took them before', async () => {
    const off = {
      ...file,
      agents: { main: { ...main, backup: { ...main.backup, enabled: false } } },
    };
    expect(await after({ backup: true }, off)).toEqual({
      ...file,
      agents: {
        main: {
          ...main,
          backup: { ...main.backup, encrypt: true, passphrase: '${BACKUP_PASSPHRASE}' },
        },
      },
    });
  });

  it('tells another gateway where another is named', async () => {
    const url = 'https://other.example/hooks';
    const said = (await after({ webhookUrl: url })) as typeof file;
    expect(said.agents.main.webhook).toMatchObject({ url, token: '${WEBHOOK_TOKEN}' });
    expect(said.agents.main.sync.notifyOnInbox).toBe(true);
  });
});

describe('a setup of a new agent', () => {
  it('takes snapshots, tells nobody, and sends no mail', async () => {
    expect(await after({}, { deployment: 'home', agents: {} })).toEqual({
      deployment: 'home',
      agents: {
        main: {
          sync: {
            provider: 'dropbox',
            mode: 'mailbox',
            remotePath: 'openclaw-share',
            localPath: '/',
            dropbox: { token: '${DROPBOX_TOKEN}' },
          },
          backup: {
            enabled: true,
            provider: 's3',
            encrypt: true,
            passphrase: '${BACKUP_PASSPHRASE}',
          },
        },
      },
    });
  });
});
