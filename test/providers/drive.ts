import { randomBytes } from 'node:crypto';
import { content, json, jsonBody, multipart, type Answer, type ApiRequest } from './exchange.ts';
import { digest, type Entry, type FileTree } from './file-tree.ts';
import type { Api, ApiWorld, Call, Refusals } from './provider.ts';

const origin = 'https://www.googleapis.com';
const folderType = 'application/vnd.google-apps.folder';

const refuse: Refusals = {
  'rate-limited': ({ retryAfter = 1 }) =>
    failure(403, 'userRateLimitExceeded', 'User Rate Limit Exceeded', {
      'retry-after': String(retryAfter),
    }),
  'quota-full': () =>
    failure(403, 'storageQuotaExceeded', "The user's Drive storage quota has been exceeded."),
  'name-refused': () => failure(400, 'invalid', 'Invalid value for name'),
  'too-large': () => failure(413, 'uploadTooLarge', 'The file is too large.'),
  forbidden: () =>
    failure(
      403,
      'insufficientFilePermissions',
      'The user does not have sufficient permissions for this file.',
    ),
  'not-found': notFound,
  'server-error': () => failure(500, 'backendError', 'Backend Error'),
};

/** Google Drive's API version 3, as far as rclone needs it. @see https://developers.google.com/drive/api/reference/rest/v3 */
export const drive: Api = {
  hosts: ['www.googleapis.com', 'oauth2.googleapis.com', 'accounts.google.com'],
  rotation: 'kept',
  // Two files in one folder may even have the very same name.
  caseInsensitive: false,
  isTokenRequest: ({ url }) => url.hostname !== 'www.googleapis.com',
  route(request, world) {
    const { method, url } = request;
    const session = /^\/granted\/(\w+)$/.exec(url.pathname)?.[1];
    if (session !== undefined) return chunk(session, request, world);
    const found = /^\/(upload\/)?drive\/v3\/(files|about)(?:\/([^/]+))?(\/copy)?$/.exec(
      url.pathname,
    );
    if (!found) return undefined;
    const [, upload, kind, id, copy] = found;
    if (upload) return uploadCall(id, request, world);
    if (kind === 'about') return { operation: 'account', run: () => json(200, about) };
    return calls[`${method} ${copy ? 'copy' : id ? 'file' : 'files'}`]?.(id ?? '', request, world);
  },
  refuse,
  unauthorized: () => failure(401, 'authError', 'Invalid Credentials'),
};

const about = {
  user: { displayName: 'Test', emailAddress: 'test@example.com' },
  storageQuota: { limit: '2000000000', usage: '0', usageInDrive: '0', usageInDriveTrash: '0' },
};

interface File {
  name: string;
  parents: string[];
  mimeType: string;
  modifiedTime: string;
  trashed: boolean;
}

type Route = (id: string, request: ApiRequest, world: ApiWorld) => Call;

const calls: Record<string, Route | undefined> = {
  'GET files': (_, { url }, { files, troubles }) => {
    const query = parseQuery(url.searchParams.get('q') ?? '', files);
    // One request may ask for many folders: the trouble of any is that of all.
    const paths = query.parents.map((parent) => files.pathOf(parent));
    const path = paths.find((one) => troubles.waitsFor('list', one)) ?? paths[0];
    return {
      operation: 'list',
      ...(path === undefined ? {} : { path }),
      run: () => page(query, url, files),
    };
  },
  'POST files': (_, request, { files }) => {
    const given = jsonBody<File>(request);
    const parent = parentOf(given, files);
    return {
      operation: 'folder',
      path: pathBelow(parent, given.name, files),
      run: () => json(200, metadata(files.create(parent, given.name ?? ''), files)),
    };
  },
  'GET file': (id, request, { files }) => {
    const entry = byId(files, id);
    const isDownload = request.url.searchParams.get('alt') === 'media';
    return {
      operation: isDownload ? 'download' : 'stat',
      ...(entry ? { path: files.pathOf(entry) } : {}),
      run: () => {
        if (!entry) return notFound();
        return isDownload && entry.bytes
          ? content(entry.bytes, request)
          : json(200, metadata(entry, files));
      },
    };
  },
  'PATCH file': (id, request, { files }) => {
    const entry = byId(files, id);
    const { trashed = false, name, modifiedTime } = jsonBody<File>(request);
    return {
      operation: trashed ? 'delete' : 'move',
      ...(entry ? { path: files.pathOf(entry) } : {}),
      run: () => {
        if (!entry) return notFound();
        if (trashed) files.remove(entry);
        const added = request.url.searchParams.get('addParents');
        const parent = added === null ? entry.parent : byId(files, added);
        files.move(entry, parent ?? files.root, name ?? entry.name);
        entry.modified = modifiedTime ?? entry.modified;
        return json(200, metadata(entry, files));
      },
    };
  },
  'DELETE file': (id, _, { files }) => {
    const entry = byId(files, id);
    return {
      operation: 'delete',
      ...(entry ? { path: files.pathOf(entry) } : {}),
      run: () => {
        if (!entry) return notFound();
        files.remove(entry);
        return { status: 204 };
      },
    };
  },
  'POST copy': (id, request, { files }) => {
    const entry = byId(files, id);
    const given = jsonBody<File>(request);
    return {
      operation: 'copy',
      ...(entry ? { path: files.pathOf(entry) } : {}),
      run: () => {
        if (!entry) return notFound();
        const name = given.name ?? entry.name;
        const made = files.create(parentOf(given, files), name, entry.bytes, given.modifiedTime);
        return json(200, metadata(made, files));
      },
    };
  },
};

/** A new file or, with an id, a new content of one. */
function uploadCall(
  id: string | undefined,
  request: ApiRequest,
  { files, sessions }: ApiWorld,
): Call {
  const resumable = request.url.searchParams.get('uploadType') === 'resumable';
  const [head, body] = resumable ? [] : multipart(request);
  const given = head
    ? (JSON.parse(head.bytes.toString('utf8')) as Partial<File>)
    : jsonBody<File>(request);
  const there = id === undefined ? undefined : byId(files, id);
  const finish = (bytes: Buffer): Answer => {
    const name = given.name ?? there?.name ?? '';
    const made = there
      ? files.put(there.parent ?? files.root, there.name, bytes, given.modifiedTime)
      : files.create(parentOf(given, files), name, bytes, given.modifiedTime);
    return json(200, metadata(made, files));
  };
  return {
    operation: 'upload',
    path: there ? files.pathOf(there) : pathBelow(parentOf(given, files), given.name, files),
    run: () => {
      if (body) return finish(body.bytes);
      const session = randomBytes(8).toString('hex');
      sessions.set(session, { bytes: Buffer.alloc(0), finish });
      return { status: 200, headers: { location: `${origin}/granted/${session}` } };
    },
  };
}

function chunk(session: string, { headers, body }: ApiRequest, { sessions }: ApiWorld): Call {
  return {
    operation: 'upload',
    run: () => {
      const upload = sessions.get(session);
      if (!upload?.finish) return notFound();
      upload.bytes = Buffer.concat([upload.bytes, body]);
      const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
      if (upload.bytes.length === Number(total)) return upload.finish(upload.bytes);
      return { status: 308, headers: { range: `bytes=0-${upload.bytes.length - 1}` } };
    },
  };
}

interface Query {
  parents: Entry[];
  name: string | undefined;
  folders: boolean;
  files: boolean;
}

/** The few forms of a search that rclone writes. */
function parseQuery(q: string, files: FileTree): Query {
  const parents = [...q.matchAll(/'([^']+)' in parents/g)].map(([, id = '']) => byId(files, id));
  const name = /name='((?:[^'\\]|\\.)*)'/.exec(q)?.[1]?.replace(/\\(.)/g, '$1');
  return {
    parents: parents.filter((parent) => parent !== undefined),
    name,
    folders: !q.includes(`mimeType!='${folderType}'`),
    files: !q.includes(`mimeType='${folderType}'`),
  };
}

function page(query: Query, url: URL, files: FileTree): Answer {
  const size = Number(url.searchParams.get('pageSize') ?? 100);
  const from = Number(url.searchParams.get('pageToken') ?? 0);
  const all = query.parents
    .flatMap((parent) => files.children(parent))
    // To Google, the names in a search are the same in any case.
    .filter(({ name }) => query.name === undefined || same(name, query.name))
    .filter(({ bytes }) => (bytes ? query.files : query.folders));
  return json(200, {
    files: all.slice(from, from + size).map((entry) => metadata(entry, files)),
    ...(all.length > from + size ? { nextPageToken: String(from + size) } : {}),
  });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function byId(files: FileTree, id: string): Entry | undefined {
  return id === 'root' ? files.root : files.byId(id);
}

function parentOf({ parents = [] }: Partial<File>, files: FileTree): Entry {
  return byId(files, parents[0] ?? 'root') ?? files.root;
}

function pathBelow(parent: Entry, name = '', files: FileTree): string {
  return [files.pathOf(parent), name].filter(Boolean).join('/');
}

function metadata({ id, name, parent, bytes, modified }: Entry, files: FileTree): object {
  return {
    id,
    name: parent ? name : 'My Drive',
    parents: parent ? [parent.id] : [],
    modifiedTime: modified,
    createdTime: modified,
    trashed: files.byId(id) === undefined,
    ...(bytes
      ? {
          mimeType: 'application/octet-stream',
          size: String(bytes.length),
          md5Checksum: digest('md5', bytes),
        }
      : { mimeType: folderType }),
  };
}

function notFound(): Answer {
  return failure(404, 'notFound', 'File not found: .');
}

function failure(status: number, reason: string, message: string, headers = {}): Answer {
  const errors = [{ domain: 'global', reason, message }];
  return json(status, { error: { errors, code: status, message } }, headers);
}
