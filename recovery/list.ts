import type { KeyDescription } from '../functions/shared/snapshot/encryption/keys.ts';
import {
  pluginSummary,
  type CatalogSnapshot,
  type PluginSnapshot,
} from '../functions/shared/snapshot/read/catalog.ts';
import { agentsOf } from './choice.ts';
import { exitCodes } from './errors.ts';
import { type AgentSnapshots, readFolder } from './folder-contents.ts';
import { folderStore } from './folder-store.ts';
import { counted, say, sizeText, table, timeText } from './output.ts';

const heading = ['SNAPSHOT', 'CREATED', 'FILES', 'SIZE', 'STORED', 'OPENS WITH', 'STATE'];

/** Shows what is in a folder. */
export async function list({ folder, agent }: { folder: string; agent?: string }): Promise<number> {
  const contents = await readFolder(folderStore(folder, () => undefined));
  const agents = agentsOf(contents, agent);
  say(`Snapshots in ${folder}`);
  agents.forEach(showAgent);
  if (agent === undefined && contents.plugin.length > 0) showPlugin(contents.plugin);
  if (contents.unreadable.length > 0) say();
  for (const { id, problem } of contents.unreadable) say(`DAMAGED ${id}: ${problem}`);
  if (contents.orphans > 0) {
    say();
    say(`${counted(contents.orphans, 'object')} without a manifest: of backups that did not end.`);
  }
  return exitCodes.ok;
}

function showAgent({ agent, snapshots, damaged }: AgentSnapshots): void {
  say();
  say(`Agent ${agent}`);
  if (snapshots.length > 0) for (const line of table([heading, ...snapshots.map(row)])) say(line);
  for (const { id, problem } of damaged) say(`DAMAGED ${id}: ${problem}`);
}

function showPlugin(snapshots: readonly PluginSnapshot[]): void {
  say();
  say('Snapshots of the original plugin');
  const rows = snapshots.map((snapshot) => {
    const { id, createdAt, storedBytes, encrypted } = pluginSummary(snapshot);
    const opens = encrypted ? 'passphrase' : 'not encrypted';
    return [id, timeText(createdAt), '?', '?', sizeText(storedBytes), opens, 'not verified'];
  });
  for (const line of table([heading, ...rows])) say(line);
}

function row({ manifest, verification }: CatalogSnapshot): string[] {
  const { id, createdAt, files, bytes, archiveBytes, encryption } = manifest;
  const state = verification
    ? `${verification.passed ? 'verified' : 'FAILED VERIFICATION'} ${timeText(verification.at)}${verification.percent < 100 ? ` (${verification.percent} %)` : ''}`
    : 'not verified';
  return [
    id,
    timeText(createdAt),
    files.toLocaleString('en-US'),
    sizeText(bytes),
    sizeText(archiveBytes),
    encryption ? encryption.keys.map(keyName).join(' or ') : 'not encrypted',
    state,
  ];
}

function keyName({ kind }: KeyDescription): string {
  return { passphrase: 'passphrase', rsa: 'RSA key', kms: 'KMS' }[kind];
}
