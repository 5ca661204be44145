import { WorkspaceSyncError } from '../errors.ts';
import { keepEdges } from './filter.ts';
import { isPlain } from './names.ts';
import { remoteFolder, remotePath, type Remote } from './remote.ts';

/** A place in a remote. */
export interface Place {
  remote: Remote;
  /** Below the remote's root; `''` is the root itself. */
  path: string;
}

/**
 * The commands that the project gives to rclone. Each is data, turned into arguments by a pure
 * function, so that tests can say exactly what is run.
 */
export type RcloneCommand =
  /** Everything below a folder, in one pass where the backend can; `include` wins over `exclude`. */
  | { kind: 'list'; from: Place; exclude?: string[]; include?: string[] }
  /** The files directly in a folder. */
  | { kind: 'list-files'; from: Place }
  /** One file as a listing would show it. */
  | { kind: 'stat-one'; from: Place }
  /** Copies the named files. `always`: also those that look the same at the destination. */
  | { kind: 'copy-named'; from: Place; to: Place; files: string[]; compare: Compare; trash?: Place }
  /**
   * Copies all that lies in a folder, by its names to the letter. Names that a list of lines cannot
   * hold are copied, too, and two forms of one name in Unicode are two files.
   */
  | { kind: 'copy-folder'; from: Place; to: Place }
  /** Copies whatever the destination does not have, going by the listings of both. */
  | { kind: 'copy-missing'; from: Place; to: Place; exclude: string[] }
  /** Copies one file to one name, unless something is there. */
  | { kind: 'copy-one'; from: Place; to: Place }
  /** Moves one file on the same remote. */
  | { kind: 'move-one'; from: Place; to: Place }
  /** Moves the named files, keeping their paths. */
  | { kind: 'move-named'; from: Place; to: Place; files: string[] }
  | { kind: 'delete-named'; from: Place; files: string[] }
  | { kind: 'delete-one'; from: Place }
  /** Prints one file, or a part of it. */
  | { kind: 'read-one'; from: Place; range?: { offset: number; length: number } }
  /** Writes one file from standard input, whose size nobody knows before its end. */
  | { kind: 'write-one'; to: Place }
  /** Serves the files and the operations of a remote by HTTP on a socket, until it is stopped. */
  | { kind: 'serve'; from: Place; socket: string }
  | { kind: 'make-folder'; at: Place }
  /** Removes a folder with everything in it: only one that this product has made. */
  | { kind: 'purge'; at: Place }
  /** Brings two places in step, by flags that `bisync/flags.ts` works out. */
  | { kind: 'bisync'; path1: Place; path2: Place; flags: string[] }
  /** Prints what rclone it is. */
  | { kind: 'version' }
  /** SHA-256 of the named files, read back from where they lie. */
  | { kind: 'hash-named'; from: Place; files: string[] };

/**
 * How `copy-named` decides about a file that both sides have.
 * - `always`: it is known to have changed.
 * - `checksum`: by size and a hash that both sides keep.
 * - `keep`: whatever is there stays.
 */
export type Compare = 'always' | 'checksum' | 'keep';

const compareFlags: Record<Compare, string> = {
  always: '--ignore-times',
  checksum: '--checksum',
  keep: '--ignore-existing',
};

/** Flags of every command: one account of what is done, no surprise from the environment. */
const commonFlags = ['--use-json-log', '-v', '--stats=0', '--low-level-retries=10'];

/** Attempts at a whole command. What has succeeded is looked at again and left alone. */
const attempts = '--retries=3';

/**
 * Where what is there is always replaced, a second attempt would send everything again, and put the
 * first attempt's files into the trash over what a person had there: the next run is the retry.
 */
const oneAttempt = '--retries=1';

/** Commands that a second attempt would not help: a stream can be read once, a server has no end. */
const unrepeatable = new Set<RcloneCommand['kind']>(['delete-named', 'write-one', 'serve']);

/** Small files are bound by latency: this many at once keep two cores and any provider busy. */
const transferFlags = ['--transfers=16', '--checkers=32'];

/**
 * The arguments of a command, and the list of names that goes to its standard input.
 * @throws NameError for a name that rclone would take for another file than it is.
 */
export function commandArguments(command: RcloneCommand): { args: string[]; files?: string } {
  const { verb, places, flags, files, ofFiles = false } = translate(command);
  files?.forEach(expectListable);
  if (changing.has(command.kind)) for (const { path } of places) expectPlain(path);
  return {
    args: [
      ...verb.split(' '),
      ...(command.kind === 'serve'
        ? []
        : places.map(({ remote, path }) => (ofFiles ? remotePath : remoteFolder)(remote, path))),
      ...flags,
      ...(files ? ['--files-from-raw=-'] : []),
      ...new Set(places.flatMap(({ remote }) => remote.flags)),
      isRepeatable(command) ? attempts : oneAttempt,
      ...commonFlags,
    ],
    ...(files ? { files: files.map((file) => `${file}\n`).join('') } : {}),
  };
}

/** Commands that would change one file for another, were its name read otherwise. */
const changing = new Set<RcloneCommand['kind']>(['copy-one', 'move-one', 'delete-one']);

/** A list has one name in a line. */
function expectListable(path: string): void {
  if (/[\r\n]/.test(path)) throw new NameError(path);
  expectPlain(path);
}

/** The last check before a name is rclone's: who plans leaves such names out, and says so. */
function expectPlain(path: string): void {
  if (!isPlain(path)) throw new NameError(path);
}

/** A name that rclone would take for another one: nothing was done. */
export class NameError extends WorkspaceSyncError {
  constructor(path: string) {
    const problem = 'is not the path of one file for rclone, which trims it';
    super(`${JSON.stringify(path)} ${problem}. Nothing was done; give the file another name.`, {
      code: 'name',
      retryable: false,
    });
  }
}

function isRepeatable(command: RcloneCommand): boolean {
  if (unrepeatable.has(command.kind)) return false;
  if (command.kind === 'copy-folder') return false;
  return command.kind !== 'copy-named' || command.compare !== 'always';
}

interface Translation {
  verb: string;
  /** Whether the places are files rather than folders. */
  ofFiles?: boolean;
  places: Place[];
  flags: string[];
  files?: string[];
}

function translate(command: RcloneCommand): Translation {
  switch (command.kind) {
    case 'list':
      return {
        verb: 'lsjson',
        places: [command.from],
        flags: [
          '-R',
          '--fast-list',
          '--no-mimetype',
          ...(command.from.remote.listsHashes ? ['--hash'] : []),
          ...serverTimes,
          ...filters(command.exclude, command.include),
        ],
      };
    case 'copy-named':
      return {
        verb: 'copy',
        places: [command.from, command.to],
        files: command.files,
        flags: [
          '--no-traverse',
          compareFlags[command.compare],
          ...(command.trash
            ? [`--backup-dir=${remoteFolder(command.trash.remote, command.trash.path)}`]
            : []),
          ...transferFlags,
          ...serverTimes,
        ],
      };
    case 'copy-folder':
      return {
        verb: 'copy',
        places: [command.from, command.to],
        flags: [
          '--no-traverse',
          '--no-unicode-normalization',
          '--ignore-times',
          ...transferFlags,
          ...serverTimes,
        ],
      };
    case 'list-files':
      return {
        verb: 'lsjson',
        places: [command.from],
        flags: ['--files-only', '--no-mimetype', ...serverTimes],
      };
    case 'stat-one':
      return {
        verb: 'lsjson',
        ofFiles: true,
        places: [command.from],
        flags: ['--stat', '--no-mimetype', ...serverTimes],
      };
    case 'copy-missing':
      return {
        verb: 'copy',
        places: [command.from, command.to],
        flags: [
          '--ignore-existing',
          '--fast-list',
          ...filters(command.exclude),
          ...transferFlags,
          ...serverTimes,
        ],
      };
    case 'copy-one':
      return {
        verb: 'copyto',
        ofFiles: true,
        places: [command.from, command.to],
        flags: ['--ignore-existing', ...serverTimes],
      };
    case 'move-one':
      return {
        verb: 'moveto',
        ofFiles: true,
        places: [command.from, command.to],
        flags: ['--ignore-existing'],
      };
    case 'move-named':
      return {
        verb: 'move',
        places: [command.from, command.to],
        files: command.files,
        flags: ['--no-traverse', '--ignore-times', ...transferFlags, ...serverTimes],
      };
    case 'delete-named':
      return { verb: 'delete', places: [command.from], files: command.files, flags: transferFlags };
    case 'delete-one':
      return { verb: 'deletefile', ofFiles: true, places: [command.from], flags: [] };
    case 'read-one':
      return { verb: 'cat', ofFiles: true, places: [command.from], flags: range(command.range) };
    case 'write-one':
      return { verb: 'rcat', ofFiles: true, places: [command.to], flags: [] };
    case 'serve':
      return {
        verb: 'rcd',
        places: [command.from],
        // Whoever can open the socket can open the folder that it lies in: us alone.
        flags: ['--rc-serve', `--rc-addr=unix://${command.socket}`, '--rc-no-auth', ...serverTimes],
      };
    case 'make-folder':
      return { verb: 'mkdir', places: [command.at], flags: ['--s3-directory-markers'] };
    case 'purge':
      return { verb: 'purge', places: [command.at], flags: [] };
    case 'bisync':
      return {
        verb: 'bisync',
        places: [command.path1, command.path2],
        flags: [...command.flags, '--fast-list', ...transferFlags, ...serverTimes],
      };
    case 'version':
      return { verb: 'version', places: [], flags: [] };
    case 'hash-named':
      return {
        verb: 'hashsum sha256',
        places: [command.from],
        files: command.files,
        flags: ['--download', ...transferFlags],
      };
  }
}

/**
 * On S3 the time that the server keeps comes with the listing; the one that the writer set costs a
 * HEAD for each object. Nothing here is decided by a writer's time.
 */
const serverTimes = ['--use-server-modtime'];

function range(part?: { offset: number; length: number }): string[] {
  return part ? [`--offset=${part.offset}`, `--count=${part.length}`] : [];
}

/** The first rule that matches decides. */
function filters(exclude: string[] = [], include: string[] = []): string[] {
  const rules = [
    ...include.map((pattern) => `+ ${keepEdges(pattern)}`),
    ...exclude.map((pattern) => `- ${keepEdges(pattern)}`),
  ];
  return rules.map((rule) => `--filter=${rule}`);
}
