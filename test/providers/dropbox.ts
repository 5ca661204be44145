import { createHash, randomBytes } from 'node:crypto';
import { content, json, jsonBody, type Answer, type ApiRequest } from './exchange.ts';
import { digest, type Entry, type FileTree } from './file-tree.ts';
import type { Api, ApiWorld, Call, Refusals } from './provider.ts';
import type { Fault } from './trouble.ts';

const refuse: Refusals = {
  'rate-limited': ({ retryAfter = 1 }) => {
    const reason = 'too_many_requests';
    const error = { reason: { '.tag': reason }, retry_after: retryAfter };
    const headers = { 'retry-after': String(retryAfter) };
    return json(429, { error_summary: `${reason}/..`, error }, headers);
  },
  'quota-full': () => writeFailure({ '.tag': 'insufficient_space' }),
  'name-refused': () => writeFailure({ '.tag': 'disallowed_name' }),
  'too-large': () => failure(409, 'payload_too_large'),
  forbidden: () => failure(403, 'no_permission'),
  'not-found': ({ on }) =>
    on === 'delete'
      ? failure(409, 'path_lookup', { path_lookup: { '.tag': 'not_found' } })
      : lookupFailure('not_found'),
  'server-error': () => ({ status: 500, body: 'Internal Server Error' }),
};

/** Dropbox's API version 2, as far as rclone needs it. @see https://www.dropbox.com/developers/documentation/http */
export const dropbox: Api = {
  hosts: ['api.dropboxapi.com', 'content.dropboxapi.com', 'www.dropbox.com', 'api.dropbox.com'],
  rotation: 'kept',
  caseInsensitive: true,
  isTokenRequest: ({ url }) => url.pathname.endsWith('/oauth2/token'),
  route: (request, world) => {
    const route = routes[request.url.pathname.replace('/2/', '')];
    return route?.(argument(request), world, request);
  },
  refuse,
  unauthorized: () => failure(401, 'expired_access_token'),
};

interface Argument {
  path: string;
  cursor: unknown;
  limit: number;
  entries: { cursor: { session_id: string }; commit: Commit }[];
  from_path: string;
  to_path: string;
  autorename: boolean;
  close: boolean;
  commit: Commit;
}

interface Commit {
  path: string;
  client_modified: string;
}

type Route = (argument: Partial<Argument>, world: ApiWorld, request: ApiRequest) => Call;

/** Calls with a body of bytes have their argument in a header. */
function argument(request: ApiRequest): Partial<Argument> {
  const header = request.headers['dropbox-api-arg'];
  if (header !== undefined) return JSON.parse(header) as Partial<Argument>;
  return request.headers['content-type']?.includes('json') ? jsonBody<Argument>(request) : {};
}

const routes: Record<string, Route | undefined> = {
  'users/get_current_account': () => ({
    operation: 'account',
    run: () =>
      json(200, {
        account_id: 'dbid:test',
        name: { display_name: 'Test' },
        root_info: { '.tag': 'user', root_namespace_id: '1', home_namespace_id: '1' },
      }),
  }),
  'users/get_space_usage': () => ({
    operation: 'account',
    run: () => json(200, { used: 0, allocation: { '.tag': 'individual', allocated: 2e9 } }),
  }),
  'files/list_folder': ({ path = '', limit = 1000 }, { files }) => ({
    operation: 'list',
    path: plain(path),
    run: () => {
      const folder = files.find(path);
      if (!folder || folder.bytes) return lookupFailure(folder ? 'not_folder' : 'not_found');
      return page(files, files.children(folder), 0, limit, path);
    },
  }),
  'files/list_folder/continue': ({ cursor = '' }, { files }) => {
    const { path, from, limit } = JSON.parse(String(cursor)) as Cursor;
    return {
      operation: 'list',
      path: plain(path),
      run: () => page(files, files.children(files.find(path) ?? files.root), from, limit, path),
    };
  },
  'files/get_metadata': ({ path = '' }, { files }) => ({
    operation: 'stat',
    path: plain(path),
    run: () => withEntry(files, path, (entry) => json(200, metadata(files, entry))),
  }),
  'files/download': ({ path = '' }, { files }, request) => ({
    operation: 'download',
    path: plain(path, files),
    run: () =>
      withEntry(files, path, (entry) =>
        content(entry.bytes ?? Buffer.alloc(0), request, {
          'dropbox-api-result': JSON.stringify(metadata(files, entry)),
        }),
      ),
  }),
  'files/upload': ({ path = '', ...commit }, { files }, { body }) => ({
    operation: 'upload',
    path: plain(path),
    run: () => {
      const stored = store(files, { path, client_modified: '', ...commit }, body);
      return 'refused' in stored ? writeFailure(stored.refused) : json(200, stored.entry);
    },
  }),
  'files/upload_session/start': (_, { sessions }, { body }) => ({
    operation: 'upload',
    run: () => {
      const session_id = randomBytes(8).toString('hex');
      sessions.set(session_id, { bytes: body });
      return json(200, { session_id });
    },
  }),
  'files/upload_session/append_v2': ({ cursor }, { sessions }, { body }) => ({
    operation: 'upload',
    run: () => {
      const { session_id, offset } = cursor as { session_id: string; offset: number };
      const session = sessions.get(session_id) ?? { bytes: Buffer.alloc(0) };
      if (offset !== session.bytes.length) {
        return failure(409, 'incorrect_offset', { correct_offset: session.bytes.length });
      }
      session.bytes = Buffer.concat([session.bytes, body]);
      sessions.set(session_id, session);
      return json(200, null);
    },
  }),
  'files/upload_session/finish': ({ cursor, commit }, world, { body }) => ({
    operation: 'upload',
    path: plain(commit?.path ?? ''),
    run: () => {
      const { session_id } = cursor as { session_id: string };
      const bytes = Buffer.concat([world.sessions.get(session_id)?.bytes ?? body, body]);
      const stored = store(world.files, commit ?? { path: '', client_modified: '' }, bytes);
      return 'refused' in stored ? writeFailure(stored.refused) : json(200, stored.entry);
    },
  }),
  // A batch is answered as a whole; each of its files may have its own trouble.
  'files/upload_session/finish_batch_v2': ({ entries = [] }, world) => ({
    operation: 'upload',
    run: () => json(200, { entries: entries.map((entry) => finish(entry, world)) }),
  }),
  'files/delete_v2': ({ path = '' }, { files }) => ({
    operation: 'delete',
    path: plain(path),
    run: () => {
      const entry = files.find(path);
      if (!entry) return failure(409, 'path_lookup', { path_lookup: { '.tag': 'not_found' } });
      const gone = metadata(files, entry);
      files.remove(entry);
      return json(200, { metadata: gone });
    },
  }),
  'files/create_folder_v2': ({ path = '' }, { files }) => ({
    operation: 'folder',
    path: plain(path),
    run: () => {
      if (files.find(path))
        return writeFailure({ '.tag': 'conflict', conflict: { '.tag': 'folder' } });
      const refused = nameRefused(path);
      if (refused) return writeFailure(refused);
      return json(200, { metadata: metadata(files, files.folders(path.split('/'))) });
    },
  }),
  'files/move_v2': (given, world) => relocate('move', given, world),
  'files/copy_v2': (given, world) => relocate('copy', given, world),
};

interface Cursor {
  path: string;
  from: number;
  limit: number;
}

function page(files: FileTree, all: Entry[], from: number, limit: number, path: string): Answer {
  const next: Cursor = { path, from: from + limit, limit };
  return json(200, {
    entries: all.slice(from, from + limit).map((entry) => metadata(files, entry)),
    cursor: JSON.stringify(next),
    has_more: all.length > next.from,
  });
}

function relocate(
  operation: 'move' | 'copy',
  { from_path = '', to_path = '', autorename = false }: Partial<Argument>,
  { files }: ApiWorld,
): Call {
  return {
    operation,
    path: plain(from_path),
    run: () => {
      const entry = files.find(from_path);
      if (!entry) return failure(409, 'from_lookup', { from_lookup: { '.tag': 'not_found' } });
      const there = files.find(to_path);
      if (there && there !== entry && !autorename) {
        const conflict = { '.tag': 'conflict', conflict: { '.tag': 'file' } };
        return failure(409, 'to', { to: conflict });
      }
      const names = to_path.split('/');
      const parent = files.folders(names.slice(0, -1));
      const name = names.at(-1) ?? '';
      if (operation === 'move') files.move(entry, parent, name);
      else files.put(parent, name, entry.bytes ?? Buffer.alloc(0), entry.modified);
      return json(200, { metadata: metadata(files, files.find(to_path) ?? entry) });
    },
  };
}

function finish(
  { cursor, commit }: Argument['entries'][number],
  { files, sessions, troubles }: ApiWorld,
): unknown {
  const trouble = troubles.take('upload', plain(commit.path));
  const refused = trouble?.fault && writeReasons[trouble.fault];
  if (refused) return { '.tag': 'failure', failure: { '.tag': 'path', path: { '.tag': refused } } };
  const bytes = sessions.get(cursor.session_id)?.bytes ?? Buffer.alloc(0);
  const stored = store(files, commit, bytes);
  return 'refused' in stored
    ? { '.tag': 'failure', failure: { '.tag': 'path', path: stored.refused } }
    : { ...stored.entry, '.tag': 'success' };
}

interface Reason {
  '.tag': string;
  conflict?: { '.tag': string };
}

function store(
  files: FileTree,
  { path, client_modified }: Commit,
  bytes: Buffer,
): { entry: object } | { refused: Reason } {
  const refused = nameRefused(path);
  if (refused) return { refused };
  if (files.find(path)?.bytes === undefined && files.find(path)) {
    return { refused: { '.tag': 'conflict', conflict: { '.tag': 'folder' } } };
  }
  const names = path.split('/');
  const parent = files.folders(names.slice(0, -1));
  const modified = client_modified || undefined;
  return { entry: metadata(files, files.put(parent, names.at(-1) ?? '', bytes, modified)) };
}

/** What Dropbox never takes. @see https://help.dropbox.com/organize/file-names */
function nameRefused(path: string): Reason | undefined {
  const refused = path
    .split('/')
    .some(
      (name) =>
        /^(desktop\.ini|thumbs\.db|\.ds_store|icon\r|\.dropbox|\.dropbox\.attr)$/i.test(name) ||
        Buffer.byteLength(name) > 255,
    );
  return refused ? { '.tag': 'disallowed_name' } : undefined;
}

function metadata(files: FileTree, entry: Entry): object {
  const path_display = `/${files.pathOf(entry)}`;
  const common = {
    name: entry.name,
    id: `id:${entry.id}`,
    path_display,
    path_lower: path_display.toLowerCase(),
  };
  if (!entry.bytes) return { '.tag': 'folder', ...common };
  const modified = entry.modified.replace(/\.\d+/, '');
  return {
    '.tag': 'file',
    ...common,
    size: entry.bytes.length,
    rev: entry.revision,
    client_modified: modified,
    server_modified: modified,
    content_hash: contentHash(entry.bytes),
    is_downloadable: true,
  };
}

/** @see https://www.dropbox.com/developers/reference/content-hash */
function contentHash(bytes: Buffer): string {
  const whole = createHash('sha256');
  for (let at = 0; at < bytes.length; at += 4 << 20) {
    whole.update(digest('sha256', bytes.subarray(at, at + (4 << 20))), 'hex');
  }
  return whole.digest('hex');
}

/** A path may be an id. */
function withEntry(files: FileTree, path: string, then: (entry: Entry) => Answer): Answer {
  const entry = lookUp(files, path);
  return entry ? then(entry) : lookupFailure('not_found');
}

const writeReasons: Partial<Record<Fault, string>> = {
  'quota-full': 'insufficient_space',
  'name-refused': 'disallowed_name',
  forbidden: 'no_write_permission',
};

function lookupFailure(tag: string): Answer {
  return failure(409, 'path', { path: { '.tag': tag } });
}

function writeFailure(reason: Reason): Answer {
  return failure(409, 'path', { path: reason, reason });
}

function failure(status: number, tag: string, more: Record<string, unknown> = {}): Answer {
  const inner = Object.values(more)[0] as { '.tag'?: string } | undefined;
  const error_summary = [tag, inner?.['.tag'], '..'].filter(Boolean).join('/');
  return json(status, { error_summary, error: { '.tag': tag, ...more } });
}

function lookUp(files: FileTree, path: string): Entry | undefined {
  return path.startsWith('id:') ? files.byId(path.slice(3)) : files.find(path);
}

/** The path that a test calls it by. */
function plain(path: string, files?: FileTree): string {
  const entry = files && lookUp(files, path);
  return entry ? files.pathOf(entry) : path.replace(/^\//, '');
}
