import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { commandLine, quotedLine, type Chosen } from '../command-line.ts';
import type { AgentContext } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { nameInLine } from '../output/names.ts';
import { faultOfName } from './names.ts';

/** One file that is to be sent. */
export interface DropSource {
  /** Path on this machine, or `-` for standard input. */
  from: string;
  /** Path below `_outbox`. */
  path: string;
  /** Bytes; of standard input nobody knows. */
  size?: number;
}

/** How the files are to be called. */
export interface Naming {
  as?: string;
  folder?: string;
}

/** For whom, and what a suggested command has to repeat. */
export type Dropping = Pick<AgentContext, 'agent'> & { general: Chosen };

/**
 * What is to be sent, under which names. Everything that can be wrong is found here, before anything
 * is sent.
 * @throws CommandFailure with everything that is wrong
 */
export async function dropSources(
  files: readonly string[],
  { as, folder }: Naming,
  { agent, general }: Dropping,
): Promise<DropSource[]> {
  if (as !== undefined && files.length > 1) {
    throw wrongUsage('--as names one file, and there are several. Drop them one by one.');
  }
  const found = await Promise.all(
    files.map((from) => sourceOf(from, { as, folder }, { agent, general })),
  );
  const faults = found.flatMap((source) => (typeof source === 'string' ? [source] : []));
  const sources = found.filter((source) => typeof source !== 'string');
  const all = [...faults, ...twins(sources)];
  if (all.length > 0) throw wrongUsage(`${all.join('\n')}\nNothing was sent.`);
  return sources;
}

async function sourceOf(
  from: string,
  { as, folder }: { as: string | undefined; folder: string | undefined },
  { agent, general }: Dropping,
): Promise<DropSource | string> {
  if (from === '-' && as === undefined) {
    return 'Standard input has no name: give it one with --as.';
  }
  const name = as ?? basename(from);
  const path = folder === undefined ? name : `${folder.replace(/\/+$/, '')}/${name}`;
  const fault = faultOfName(path, agent);
  if (from === '-') return fault ?? { from, path };
  const size = await sizeOf(from, general);
  if (typeof size === 'string') return size;
  return fault ?? { from, path, size };
}

/** Bytes of a file, or why it cannot be sent. */
async function sizeOf(from: string, chosen: Chosen): Promise<number | string> {
  const shown = nameInLine(from);
  try {
    const found = await stat(from);
    if (found.isDirectory()) {
      return `${shown} is a folder. Drop its files, with --folder to keep them together, or pack it:\n  ${packed(from, chosen)}`;
    }
    if (!found.isFile()) return `${shown} is no plain file. Its content can come through -.`;
    await access(from, constants.R_OK);
    return found.size;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `There is no file ${shown}.`;
    return `${shown} cannot be read (${code ?? String(error)}).`;
  }
}

/** How a folder is sent as one file. */
function packed(from: string, chosen: Chosen): string {
  const name = `${basename(resolve(from))}.tar.gz`;
  const tar = quotedLine(['tar', '-czf', '-', '--', from]);
  return `${tar} | ${commandLine(['drop', '-', '--as', name], chosen)}`;
}

/** Two files that would be one key: the second would hide the first from who looks. */
function twins(sources: readonly DropSource[]): string[] {
  const byPath = new Map<string, string>();
  return sources.flatMap(({ from, path }) => {
    const first = byPath.get(path);
    byPath.set(path, from);
    if (first === undefined) return [];
    return [
      `${nameInLine(first)} and ${nameInLine(from)} would both be called ${nameInLine(path)}. ` +
        'Drop them one by one, with --as or --folder.',
    ];
  });
}
