import type { Provider } from '../../functions/shared/config/index.ts';
import { isRecord, type Raw } from '../../functions/shared/config/raw.ts';
import { urlFault } from '../../functions/shared/config/webhook-url.ts';
import type { LocalSession } from '../aws/target.ts';
import type { Blocks } from './file.ts';
import { type Interview, matching } from './interview.ts';
import { type Known, knownOf, textAt } from './known.ts';
import { providerBlock } from './provider-block.ts';

/** What a setup is about to write: an agent's blocks, with references where secrets belong. */
export interface Draft {
  agent: string;
  blocks: Blocks;
  /** What stands beside the agents. */
  top: Record<string, unknown>;
  /** Seconds between syncs, once the first has gone well. */
  interval: number;
}

/** What is known beforehand. */
export interface Offer {
  agent: string | undefined;
  /** With `--local`: a cloud folder and a gateway on this machine. */
  session: LocalSession | undefined;
  /** What the file has already: it stays, unless somebody says otherwise. */
  existing: Raw | undefined;
}

/** Asks for everything that an agent's settings need, and for nothing else. */
export async function draftOf(interview: Interview, offer: Offer): Promise<Draft> {
  const agent = await askAgent(interview, offer.agent ?? 'main');
  const known = knownOf(offer.existing, agent);
  const provider = await interview.choice('provider', 'Where is the cloud folder?', [
    ...cloudChoices(offer),
    { value: 'off', name: 'there is none: drops and snapshots only' },
  ]);
  const sync = provider === 'off' ? { provider } : await syncOf(interview, provider, offer, known);
  const before = known.sync['interval'];
  const interval =
    provider === 'off'
      ? 0
      : await interview.number(
          'interval',
          'Seconds between syncs (0: only when asked):',
          typeof before === 'number' ? before : 300,
          (given) => (given === '0' || Number(given) >= 60 ? true : '0, or 60 and more'),
        );
  const webhook = await webhookOf(interview, agent, offer, known);
  const backup = await backupOf(interview, known);
  const top = await askTop(interview, offer.existing);
  const told = provider === 'off' ? {} : toldOf(webhook, known);
  return { agent, interval, blocks: { sync: { ...sync, ...told }, ...backup, ...webhook }, top };
}

/** Asks for the name of the agent. */
export function askAgent(interview: Interview, initial: string): Promise<string> {
  return interview.text('agent', 'Name of the agent:', {
    initial,
    check: matching(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'lower-case letters, digits, "-" and "_"'),
  });
}

/** Asks for what stands beside the agents. */
export async function askTop(
  interview: Interview,
  existing: Raw | undefined,
): Promise<Record<string, unknown>> {
  const before = textAt(existing ?? {}, 'alarmEmail') ?? '';
  const email = await interview.text('alarmEmail', 'E-mail address for alarms (empty: none):', {
    initial: before,
  });
  if (email === before) return {};
  return { alarmEmail: email === '' ? undefined : email };
}

/** Whether the agent is told of drops, where the answers change that. */
function toldOf({ webhook }: Blocks, known: Known): Blocks {
  if (isRecord(webhook)) return webhook === known.webhook ? {} : { notifyOnInbox: true };
  return known.sync['notifyOnInbox'] === true ? { notifyOnInbox: false } : {};
}

/** Snapshots as they are, if they are; else in the deployment's own bucket, or none any more. */
async function backupOf(interview: Interview, { isThere, backup }: Known): Promise<Blocks> {
  const isOn = backup['enabled'] === true;
  const question = 'Take an encrypted snapshot every day?';
  const isWanted = await interview.yes('backup', question, isOn || !isThere);
  if (isWanted === isOn) return {};
  if (!isWanted) return isThere ? { backup: { enabled: false } } : {};
  return { backup: { ...ownSnapshots, ...backup, enabled: true, encrypt: true } };
}

const clouds: { value: Provider; name: string }[] = [
  { value: 'dropbox', name: 'Dropbox' },
  { value: 'gdrive', name: 'Google Drive' },
  { value: 'onedrive', name: 'OneDrive or SharePoint' },
  { value: 's3', name: 'S3, R2, MinIO and the like' },
  { value: 'custom', name: 'WebDAV, SFTP, or anything else that rclone speaks' },
];

function cloudChoices({ session }: Offer): { value: Provider; name: string }[] {
  if (!session) return clouds;
  const others = clouds.filter(({ value }) => value !== 'custom');
  return [{ value: 'custom', name: localFolder(session) }, ...others];
}

function localFolder({ cloudFolder }: LocalSession): string {
  return `the folder of "npm start", by WebDAV: ${cloudFolder}`;
}

/** Snapshots in the deployment's own bucket, which only a passphrase opens. */
const ownSnapshots = {
  enabled: true,
  provider: 's3',
  encrypt: true,
  passphrase: '${BACKUP_PASSPHRASE}',
};

async function syncOf(
  interview: Interview,
  provider: Exclude<Provider, 'off'>,
  offer: Offer,
  known: Known,
): Promise<Blocks> {
  const before = known.sync['provider'] === provider ? known.sync : {};
  const block = await providerBlock(interview, provider, offer.session);
  const isLocal = provider === 'custom' && offer.session !== undefined;
  const isRoot = isLocal || (provider === 'dropbox' && block['appFolder']);
  const remotePath = await interview.text('remotePath', 'Folder in it ("" or "/": its root):', {
    initial: textAt(before, 'remotePath') ?? (isRoot ? '' : 'openclaw-share'),
    check: (given) => (given.split('/').includes('..') ? 'a path without ".."' : true),
  });
  const mode = await interview.choice(
    'mode',
    'How are workspace and cloud folder kept in step?',
    modes,
    modes.find(({ value }) => value === before['mode'])?.value ?? 'mailbox',
  );
  const localPath = await interview.text('localPath', 'Folder of the workspace ("/": all of it):', {
    initial: textAt(before, 'localPath') ?? '/',
  });
  return {
    provider,
    mode,
    remotePath: remotePath === '/' ? '' : remotePath,
    localPath: localPath === '' ? '/' : localPath,
    [provider]: block,
  };
}

const modes = [
  { value: 'mailbox' as const, name: 'mailbox: the workspace goes up, drops come in (safest)' },
  { value: 'mirror' as const, name: 'mirror: the workspace becomes what the cloud folder is' },
  { value: 'bisync' as const, name: 'bisync: changes go both ways' },
];

/** The webhook as it is, if its address stays; another one; or none, also where there was one. */
async function webhookOf(
  interview: Interview,
  agent: string,
  { session }: Offer,
  { webhook: before }: Known,
): Promise<Blocks> {
  const beforeUrl = textAt(before, 'url');
  const url = await interview.text(
    'webhookUrl',
    'Address of the gateway’s hooks, to tell the agent of drops (empty: tell nobody):',
    {
      initial: beforeUrl ?? session?.hooksUrl ?? '',
      check: (given) => {
        const fault = given === '' ? undefined : urlFault(given);
        return fault === undefined ? true : `It ${fault}`;
      },
    },
  );
  if (url === '') return beforeUrl === undefined ? {} : { webhook: undefined };
  const { webhookMode: mode = 'wake', agentId: givenId } = interview.answers;
  const isSaid = (interview.answers.webhookMode ?? givenId) !== undefined;
  if (url === beforeUrl && !isSaid) return { webhook: before };
  if (mode === 'generic') return { webhook: { url, mode, secret: '${WEBHOOK_SECRET}' } };
  const agentId = await interview.text('agentId', 'The agent’s id on the gateway:', {
    initial: agent,
  });
  return { webhook: { url, mode, agentId, token: '${WEBHOOK_TOKEN}' } };
}
