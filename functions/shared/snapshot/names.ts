import { epochOf } from '../clock.ts';

/**
 * Names of a snapshot's objects. All of them begin with `backup-<id>.`, so that one listing shows
 * what belongs together and nothing else is ever taken for part of a snapshot.
 * @see docs/snapshot-format.md
 */

/** An id is the id of the run that made the snapshot: its UTC second, and eight random digits. */
export const snapshotIdPattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{8}$/;

/** What an object is, by its name alone. */
export type ObjectName =
  | { kind: 'manifest'; id: string }
  | { kind: 'archive' | 'files'; id: string; encrypted: boolean }
  | { kind: 'verification'; id: string }
  /** A snapshot of the original plugin. */
  | { kind: 'plugin'; id: string; encrypted: boolean };

/** The manifest, written last: a snapshot exists when it does. */
export function manifestName(id: string): string {
  return `backup-${id}.manifest.json`;
}

/** Where a segment stands: the leg that wrote it, and its number within the snapshot, from 1. */
export interface SegmentPlace {
  leg: number;
  number: number;
}

/** A segment of the archive. The leg is part of the name: what a dead leg left is never replaced. */
export function segmentName(id: string, place: SegmentPlace, encrypted: boolean): string {
  return `backup-${id}.${placeText(place)}.tar.zst${encrypted ? '.enc' : ''}`;
}

/** The list of the files that end in a segment. */
export function filesName(id: string, place: SegmentPlace, encrypted: boolean): string {
  return `backup-${id}.${placeText(place)}.files.zst${encrypted ? '.enc' : ''}`;
}

/** `1-00001`: also the `part` of an object's encryption context. */
export function placeText({ leg, number }: SegmentPlace): string {
  return `${leg}-${String(number).padStart(5, '0')}`;
}

/** The record of one verification; `runId` is that of the run that verified. */
export function verificationName(id: string, runId: string): string {
  return `backup-${id}.verified-${runId}.json`;
}

const ownName =
  /^backup-(\d{8}T\d{6}Z-[0-9a-f]{8})\.(?:(manifest\.json)|(verified-\d{8}T\d{6}Z-[0-9a-f]{8}\.json)|\d+-\d{5}\.(tar|files)\.zst(\.enc)?)$/;
const pluginName = /^backup-(\d{8}T\d{6}Z)\.tar\.gz(\.enc)?$/;

/** What a name says, or `undefined` for whatever is not ours: it is never touched. */
export function parseObjectName(name: string): ObjectName | undefined {
  const own = ownName.exec(name);
  const id = own?.[1] ?? '';
  if (own?.[2] !== undefined) return { kind: 'manifest', id };
  if (own?.[3] !== undefined) return { kind: 'verification', id };
  if (own) {
    return { kind: own[4] === 'tar' ? 'archive' : 'files', id, encrypted: own[5] !== undefined };
  }
  const plugin = pluginName.exec(name);
  if (!plugin) return undefined;
  return { kind: 'plugin', id: plugin[1] ?? '', encrypted: plugin[2] !== undefined };
}

/** The object of a snapshot that the original plugin made. */
export function pluginObjectName(id: string, encrypted: boolean): string {
  return `backup-${id}.tar.gz${encrypted ? '.enc' : ''}`;
}

/** When an id says that its run began, in milliseconds since the epoch; `NaN` for no such time. */
export function timeOfId(id: string): number {
  const text = id.slice(0, 16);
  return epochOf(text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
