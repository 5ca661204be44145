import { randomBytes } from 'node:crypto';
import { content, json, jsonBody, type Answer, type ApiRequest } from './exchange.ts';
import type { Entry, FileTree } from './file-tree.ts';
import type { Api, ApiWorld, Call, Refusals } from './provider.ts';

/** The one drive of the account; configurations of tests name it. */
export const driveId = 'drive-1';

const graph = 'https://graph.microsoft.com';

const refuse: Refusals = {
  'rate-limited': ({ retryAfter = 1 }) =>
    failure(429, 'activityLimitReached', 'The app or user has been throttled.', {
      'retry-after': String(retryAfter),
    }),
  'quota-full': () => failure(507, 'quotaLimitReached', 'Insufficient Space Available'),
  'name-refused': invalidName,
  'too-large': () =>
    failure(413, 'maxFileSizeExceeded', 'The file is larger than may be uploaded.'),
  forbidden: () => failure(403, 'accessDenied', 'Access denied'),
  'not-found': notFound,
  'server-error': () => failure(500, 'generalException', 'An unspecified error has occurred.'),
};

/** Microsoft Graph, as far as rclone needs it. @see https://learn.microsoft.com/graph/api/resources/onedrive */
export const onedrive: Api = {
  hosts: ['graph.microsoft.com', 'login.microsoftonline.com'],
  rotation: 'rotating',
  caseInsensitive: true,
  isTokenRequest: ({ url }) => url.hostname === 'login.microsoftonline.com',
  route(request, world) {
    const { pathname } = request.url;
    const session = /^\/granted\/(\w+)$/.exec(pathname)?.[1];
    if (session !== undefined) return fragment(session, request, world);
    const [, drive, item] = /^\/v1\.0\/drives\/([^/]+)\/(.*)$/.exec(pathname) ?? [];
    if (item === undefined || decodeURIComponent(drive ?? '') !== driveId) return undefined;
    return itemCall(item, request, world);
  },
  refuse,
  unauthorized: () =>
    failure(401, 'InvalidAuthenticationToken', 'Access token has expired or is not yet valid.'),
};

interface Item {
  name: string;
  parentReference: { id: string };
  fileSystemInfo: { lastModifiedDateTime: string };
  item: Item;
}

/** `root`, `items/<id>`, each with `:/<path below it>:`, and what is wanted of it. */
const address =
  /^(?:root|items\/(?<id>[^/:]+))(?::\/(?<path>.+?))?:?(?:\/(?<verb>children|content|createUploadSession|copy))?$/;

function itemCall(item: string, request: ApiRequest, world: ApiWorld): Call | undefined {
  const { id, path = '', verb = '' } = address.exec(item)?.groups ?? {};
  const { files } = world;
  const base = id === undefined ? files.root : files.byId(decodeURIComponent(id));
  const names = path.split('/').filter(Boolean).map(decodeURIComponent);
  const target: Target = {
    path: [...(base ? files.pathOf(base).split('/') : []), ...names].filter(Boolean).join('/'),
    entry: base && names.reduce<Entry | undefined>(child(files), base),
    parent: base && names.slice(0, -1).reduce<Entry | undefined>(child(files), base),
    name: names.at(-1) ?? '',
  };
  return calls[`${request.method} ${verb}`]?.(target, request, world);
}

function child(files: FileTree) {
  return (parent: Entry | undefined, name: string) => parent && files.child(parent, name);
}

interface Target {
  path: string;
  /** Absent: nothing is there. */
  entry: Entry | undefined;
  parent: Entry | undefined;
  name: string;
}

type Route = (target: Target, request: ApiRequest, world: ApiWorld) => Call;

const calls: Record<string, Route | undefined> = {
  'GET ': ({ path, entry }, _, { files }) => ({
    operation: 'stat',
    path,
    run: () => (entry ? json(200, metadata(files, entry)) : notFound()),
  }),
  'GET children': ({ path, entry }, { url }, { files }) => ({
    operation: 'list',
    path,
    run: () => (entry ? page(files, entry, url) : notFound()),
  }),
  'GET content': ({ path, entry }, request) => ({
    operation: 'download',
    path,
    run: () => (entry?.bytes ? content(entry.bytes, request) : notFound()),
  }),
  'PUT content': (target, { body }, { files }) => ({
    operation: 'upload',
    path: target.path,
    run: () => store(files, target, body),
  }),
  'POST createUploadSession': (target, request, { files, sessions }) => ({
    operation: 'upload',
    path: target.path,
    run: () => {
      const refused = nameRefused(target.name || (target.entry?.name ?? ''));
      if (refused) return refused;
      const session = randomBytes(8).toString('hex');
      const modified = jsonBody<Item>(request).item?.fileSystemInfo.lastModifiedDateTime;
      const finish = (bytes: Buffer): Answer => store(files, target, bytes, modified);
      sessions.set(session, { bytes: Buffer.alloc(0), finish });
      return json(200, { uploadUrl: `${graph}/granted/${session}` });
    },
  }),
  'POST children': ({ path, entry }, request, { files }) => {
    const { name = '' } = jsonBody<Item>(request);
    return {
      operation: 'folder',
      path: [path, name].filter(Boolean).join('/'),
      run: () => {
        if (!entry) return notFound();
        if (files.child(entry, name)) {
          return failure(409, 'nameAlreadyExists', 'Name already exists');
        }
        return nameRefused(name) ?? json(201, metadata(files, files.folder(entry, name)));
      },
    };
  },
  'PATCH ': ({ path, entry }, request, { files }) => {
    const { name, parentReference, fileSystemInfo } = jsonBody<Item>(request);
    return {
      operation: name === undefined && !parentReference ? 'stat' : 'move',
      path,
      run: () => {
        const parent = parentReference ? byId(files, parentReference.id) : entry?.parent;
        if (!entry || !parent) return notFound();
        const there = files.child(parent, name ?? entry.name);
        if (there && there !== entry) return failure(409, 'nameAlreadyExists', 'Name exists');
        files.move(entry, parent, name ?? entry.name);
        entry.modified = fileSystemInfo?.lastModifiedDateTime ?? entry.modified;
        return json(200, metadata(files, entry));
      },
    };
  },
  'POST copy': ({ path, entry }, request, { files }) => ({
    operation: 'copy',
    path,
    run: () => {
      const { name, parentReference } = jsonBody<Item>(request);
      const parent = byId(files, parentReference?.id ?? '');
      if (!entry?.bytes || !parent) return notFound();
      files.put(parent, name ?? entry.name, entry.bytes);
      return { status: 202, headers: { location: `${graph}/granted/copied` } };
    },
  }),
  'DELETE ': ({ path, entry }, _, { files }) => ({
    operation: 'delete',
    path,
    run: () => {
      if (!entry) return notFound();
      files.remove(entry);
      return { status: 204 };
    },
  }),
};

/** A part of a file, to the address that a session was given. */
function fragment(session: string, request: ApiRequest, { sessions }: ApiWorld): Call {
  if (session === 'copied') {
    return { operation: 'copy', run: () => json(200, { status: 'completed' }) };
  }
  return {
    operation: 'upload',
    run: () => {
      const upload = sessions.get(session);
      if (!upload) return notFound();
      if (request.method === 'DELETE') return { status: 204 };
      const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(request.headers['content-range'] ?? '');
      const [, from, total] = (range ?? []).map(Number);
      if (from !== upload.bytes.length) return failure(416, 'invalidRange', 'Wrong range');
      upload.bytes = Buffer.concat([upload.bytes, request.body]);
      if (upload.bytes.length === total && upload.finish) return upload.finish(upload.bytes);
      return json(202, { nextExpectedRanges: [`${upload.bytes.length}-`] });
    },
  };
}

function page(files: FileTree, folder: Entry, url: URL): Answer {
  const top = Number(url.searchParams.get('$top') ?? 200);
  const from = Number(url.searchParams.get('$skiptoken') ?? 0);
  const all = files.children(folder);
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(from + top));
  return json(200, {
    value: all.slice(from, from + top).map((entry) => metadata(files, entry)),
    ...(all.length > from + top ? { '@odata.nextLink': next.href } : {}),
  });
}

function store(files: FileTree, target: Target, bytes: Buffer, modified?: string): Answer {
  const { entry, parent, name } = target;
  const owner = entry ? entry.parent : parent;
  if (!owner) return notFound();
  const leaf = entry?.name ?? name;
  return nameRefused(leaf) ?? json(201, metadata(files, files.put(owner, leaf, bytes, modified)));
}

/** @see https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa */
function nameRefused(name: string): Answer | undefined {
  const reserved = /^(con|prn|aux|nul|com\d|lpt\d|\.lock|desktop\.ini|_vti_.*|~\$.*)$/i.test(name);
  return reserved || name.length > 255 ? invalidName() : undefined;
}

function invalidName(): Answer {
  return failure(400, 'invalidRequest', 'The name in the provided request is not valid.');
}

/** An item of this drive: its id may come with the drive's. */
function byId(files: FileTree, id: string): Entry | undefined {
  return id === 'root' ? files.root : files.byId(id);
}

function metadata(files: FileTree, entry: Entry): object {
  const { id, name, parent, bytes, modified } = entry;
  const times = { createdDateTime: modified, lastModifiedDateTime: modified };
  return {
    id,
    name: parent ? name : 'root',
    ...times,
    fileSystemInfo: times,
    ...(parent ? { parentReference: { driveId, id: parent.id } } : { root: {} }),
    ...(bytes
      ? { size: bytes.length, file: { mimeType: 'application/octet-stream' } }
      : { folder: { childCount: files.children(entry).length } }),
  };
}

function notFound(): Answer {
  return failure(404, 'itemNotFound', 'Item not found');
}

function failure(status: number, code: string, message: string, headers = {}): Answer {
  return json(status, { error: { code, message } }, headers);
}
