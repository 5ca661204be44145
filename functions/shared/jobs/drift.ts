import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ingestFolder } from '../config/index.ts';
import { stateKeys, type RunReason } from '../contract/index.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import { bindingOf } from '../workspace/places.ts';
import type { Cycle } from './cycle.ts';

const settingsSchema = z.record(z.string(), z.string());

/** What decides which files a run may change, by the key of the configuration; values are no secrets. */
export type SyncSettings = z.infer<typeof settingsSchema>;

/** The key that stands for accounts, servers and buckets, which are not written out. */
const places = 'places';

/** What this run would synchronise, and how. */
export function settingsOf({ agent, synced, cloud }: Cycle): SyncSettings {
  const { provider, mode = '', remotePath, localPath, exclude, ingest, copySymlinks } = agent.sync;
  return {
    provider,
    mode,
    remotePath,
    localPath,
    exclude: JSON.stringify(exclude),
    copySymlinks: String(copySymlinks),
    ingestPath: ingest ? ingestFolder(agent.sync) : '',
    workspace: agent.workspace.kind,
    [places]: bindingOf(synced, cloud),
  };
}

/** Names a set of settings, so that what is confirmed is what was looked at. */
export function fingerprintOf(settings: SyncSettings): string {
  const text = JSON.stringify(Object.entries(settings).sort());
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/**
 * Why a run must wait for somebody: the configuration is not the one of the last run, and with
 * another folder, mode or filter the same run deletes other files.
 */
export function driftBetween(before: SyncSettings, now: SyncSettings): RunReason | undefined {
  const changed = Object.keys({ ...before, ...now }).filter((key) => before[key] !== now[key]);
  if (changed.length === 0) return undefined;
  const named = changed.filter((key) => key !== places);
  const what =
    named.length > 0
      ? named.map((key) => `${keyName(key)} was ${shown(before[key])} and is ${shown(now[key])}`)
      : ['the account, server, bucket or folder behind the settings is another one'];
  return {
    code: 'config-changed',
    message:
      `The configuration has changed since the last run: ${what.join('; ')}. Nothing was changed. ` +
      'The plan says what would happen. If that is what you want, run it once with ' +
      `"confirmConfig": "${fingerprintOf(now)}".`,
  };
}

function keyName(key: string): string {
  return key === 'workspace' ? 'workspace.kind' : `sync.${key}`;
}

function shown(value = ''): string {
  return value.startsWith('[') ? value : JSON.stringify(value);
}

/** Reads what the configuration was at the last run that was not blocked. */
export async function rememberedSettings({
  context,
  agent,
}: Cycle): Promise<SyncSettings | undefined> {
  return readFenced(context.runtime.store, stateKeys.settings(agent.name), settingsSchema);
}

/** Writes down that runs with these settings are wanted. */
export async function rememberSettings(
  { context, agent, fence }: Cycle,
  settings: SyncSettings,
): Promise<void> {
  await writeFenced(context.runtime.store, stateKeys.settings(agent.name), fence, settings);
}
