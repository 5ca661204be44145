import { stateItems } from '../../functions/shared/config/backup-notices.ts';
import { isRecord, objectAt, type Raw } from '../../functions/shared/config/raw.ts';

/** Something that means another thing here than it did to the plugin. */
export interface Difference {
  key: string;
  message: string;
}

interface Rule {
  key: string;
  applies: (sync: Raw, backup: Raw, blocks: Raw) => boolean;
  message: string;
}

/** What means something different here, as far as it applies to these settings. Pure. */
export function differences(blocks: Raw): Difference[] {
  const sync = objectAt(blocks, 'sync');
  const backup = objectAt(blocks, 'backup');
  return rules
    .filter(({ applies }) => applies(sync, backup, blocks))
    .map(({ key, message }) => ({ key, message }));
}

function hasCloud({ provider }: Raw): boolean {
  return provider !== undefined && provider !== 'off';
}

function isPartOfWorkspace({ localPath }: Raw): boolean {
  return !['/', '', '.'].includes(typeof localPath === 'string' ? localPath : 'shared');
}

function isOn(value: unknown): boolean {
  return value === true;
}

const state: ReadonlySet<string> = stateItems;

function backsUpState({ include }: Raw): boolean {
  // The default of the plugin holds two of them.
  return !Array.isArray(include) || include.some((item) => state.has(String(item)));
}

const rules: Rule[] = [
  {
    key: 'workspace',
    applies: (_sync, _backup, { workspace }) => workspace === undefined,
    message:
      'the plugin worked on the gateway’s disk; here the workspace is a bucket of the deployment, which ' +
      'the gateway has to be attached to (docs/), or name its disk: "workspace": { "kind": "remote", … }',
  },
  {
    key: 'sync.localPath',
    applies: (sync) => hasCloud(sync) && sync['localPath'] === undefined,
    message:
      'is not set, which means the folder "shared" of the workspace and nothing else; write "/" for all of it',
  },
  {
    key: 'sync.localPath',
    applies: (sync) => sync['mode'] === 'mailbox' && isPartOfWorkspace(sync),
    message: 'is a part of the workspace; "_inbox" lies at the root of the workspace all the same',
  },
  {
    key: 'sync.mode',
    applies: ({ mode }) => mode === 'mirror',
    message:
      'mirror makes the workspace what the cloud folder is, and never changes the cloud folder; what the ' +
      'workspace has more is deleted there by the first run, after its plan was shown',
  },
  {
    key: 'sync.mode',
    applies: ({ mode }) => mode === 'bisync',
    message:
      'the first run is a resync that somebody has to confirm; what bisync remembers is kept by the ' +
      'deployment, so that no restart loses it',
  },
  {
    key: 'sync.interval',
    applies: ({ interval }) => typeof interval === 'number' && interval % 60 !== 0,
    message: 'is rounded up to whole minutes: schedules have no seconds',
  },
  {
    key: 'sync.timeout',
    applies: ({ timeout }) => timeout !== undefined,
    message:
      'bounds a whole run over all its legs; a leg ends after a quarter of an hour, and the next goes on',
  },
  {
    key: 'sync.onSessionStart, sync.onSessionEnd',
    applies: (sync) => isOn(sync['onSessionStart']) || isOn(sync['onSessionEnd']),
    message:
      'the deployment does not see sessions: install the hook of skill/hooks/workspace-sync-session on ' +
      'the gateway, which tells of them',
  },
  {
    key: 'sync.notifyOnInbox',
    applies: (sync, _backup, { webhook }) => isOn(sync['notifyOnInbox']) && webhook === undefined,
    message:
      'the agent is told through the gateway’s webhook, which has to be enabled there and named here',
  },
  {
    key: 'backup.include',
    applies: (_sync, backup, { workspace }) =>
      isOn(backup['enabled']) && workspace === undefined && backsUpState(backup),
    message:
      'what lies beside the workspace is packed from <agent>/state/ of the workspace bucket: the gateway ' +
      'has to keep its ~/.openclaw there, or snapshots hold the workspace only',
  },
  {
    key: 'backup.provider',
    applies: (_sync, backup) =>
      isOn(backup['enabled']) &&
      backup['provider'] === 's3' &&
      backup['bucket'] === undefined &&
      !isRecord(backup['s3']),
    message: 's3 without a bucket is the deployment’s own snapshot bucket',
  },
  {
    key: 'backup.encrypt',
    applies: (_sync, backup) => isOn(backup['encrypt']),
    message:
      'new snapshots have a format of their own (docs/snapshot-format.md); those of the plugin are ' +
      'listed and restored too, with the same passphrase',
  },
  {
    key: 'backup.retain',
    applies: (_sync, backup) => isOn(backup['enabled']),
    message:
      'pruning runs after each snapshot, gives a reason for each deletion, never takes the newest good ' +
      'one, and leaves alone what it cannot name; it is held back when a snapshot looks odd',
  },
];
