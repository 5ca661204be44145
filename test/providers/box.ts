import { content, json, jsonBody, multipart, type Answer, type ApiRequest } from './exchange.ts';
import { digest, type Entry, type FileTree } from './file-tree.ts';
import type { Api, ApiWorld, Call, Refusals } from './provider.ts';

const refuse: Refusals = {
  'rate-limited': ({ retryAfter = 1 }) => {
    const answer = failure(429, 'rate_limit_exceeded', 'Request rate limit exceeded');
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfter) } };
  },
  'quota-full': () => failure(403, 'storage_limit_exceeded', 'Account storage limit reached'),
  'name-refused': () => failure(400, 'item_name_invalid', 'Item name invalid'),
  'too-large': () =>
    failure(403, 'file_size_limit_exceeded', "File size exceeds the folder owner's limit"),
  forbidden: () => failure(403, 'access_denied_insufficient_permissions', 'Access denied'),
  'not-found': notFound,
  'server-error': () => failure(500, 'internal_server_error', 'Internal Server Error'),
};

/** Box's API version 2, as far as rclone needs it for small files. @see https://developer.box.com/reference/ */
export const box: Api = {
  hosts: ['api.box.com', 'upload.box.com', 'app.box.com'],
  rotation: 'single-use',
  caseInsensitive: true,
  isTokenRequest: ({ url }) => url.pathname.endsWith('/oauth2/token'),
  route(request, world) {
    const pattern = /^(?:\/api)?\/2\.0\/(files|folders)(?:\/(\d\w*|\w{18}))?(?:\/(\w+))?\/?$/;
    const [, kind, id, verb = ''] = pattern.exec(request.url.pathname) ?? [];
    if (kind === undefined) return undefined;
    const what = `${request.method} ${kind}${id === undefined ? '' : '/id'}${verb && `/${verb}`}`;
    const entry = id === undefined ? undefined : byId(world.files, id);
    return calls[what]?.(entry, request, world);
  },
  refuse,
  unauthorized: () => ({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="Service", error="invalid_token"' },
  }),
};

interface Item {
  name: string;
  parent: { id: string };
  content_modified_at: string;
}

type Route = (entry: Entry | undefined, request: ApiRequest, world: ApiWorld) => Call;

const calls: Record<string, Route | undefined> = {
  'OPTIONS files/content': (_, request, { files }) => {
    const { name = '', parent } = jsonBody<Item>(request);
    const folder = byId(files, parent?.id ?? '0');
    return {
      operation: 'stat',
      path: below(folder, name, files),
      run: () => {
        const there = folder && files.child(folder, name);
        if (!there)
          return json(200, { upload_token: 'none', upload_url: 'https://upload.box.com' });
        return inUse(there);
      },
    };
  },
  'GET folders/id/items': (entry, { url }, { files }) => ({
    operation: 'list',
    ...pathOf(entry, files),
    run: () => (entry ? page(entry, url, files) : notFound()),
  }),
  'GET folders/id': stat,
  'GET files/id': stat,
  'GET files/id/content': (entry, request, { files }) => ({
    operation: 'download',
    ...pathOf(entry, files),
    run: () => (entry?.bytes ? content(entry.bytes, request) : notFound()),
  }),
  'POST files/content': (_, request, { files }) => {
    const [head, body] = multipart(request);
    const given = JSON.parse(head?.bytes.toString('utf8') ?? '{}') as Item;
    const folder = byId(files, given.parent.id);
    return {
      operation: 'upload',
      path: below(folder, given.name, files),
      run: () => {
        if (!folder || !body) return notFound();
        const there = files.child(folder, given.name);
        if (there) return inUse(there);
        const refused = nameRefused(given.name);
        if (refused) return refused;
        return one(files.create(folder, given.name, body.bytes, given.content_modified_at));
      },
    };
  },
  'POST files/id/content': (entry, request, { files }) => ({
    operation: 'upload',
    ...pathOf(entry, files),
    run: () => {
      const [head, body] = multipart(request);
      if (!entry?.parent || !body) return notFound();
      const given = JSON.parse(head?.bytes.toString('utf8') ?? '{}') as Item;
      return one(files.put(entry.parent, entry.name, body.bytes, given.content_modified_at));
    },
  }),
  'POST folders': (_, request, { files }) => {
    const { name = '', parent } = jsonBody<Item>(request);
    const folder = byId(files, parent?.id ?? '0');
    return {
      operation: 'folder',
      path: below(folder, name, files),
      run: () => {
        if (!folder) return notFound();
        const there = files.child(folder, name);
        return there
          ? inUse(there)
          : (nameRefused(name) ?? json(201, metadata(files.folder(folder, name))));
      },
    };
  },
  'PUT files/id': update,
  'PUT folders/id': update,
  'POST files/id/copy': (entry, request, { files }) => ({
    operation: 'copy',
    ...pathOf(entry, files),
    run: () => {
      const { name, parent } = jsonBody<Item>(request);
      const folder = byId(files, parent?.id ?? '0');
      if (!entry || !folder) return notFound();
      return json(
        201,
        metadata(files.create(folder, name ?? entry.name, entry.bytes, entry.modified)),
      );
    },
  }),
  'DELETE files/id': remove,
  'DELETE folders/id': remove,
};

function stat(entry: Entry | undefined, _: ApiRequest, { files }: ApiWorld): Call {
  return {
    operation: 'stat',
    ...pathOf(entry, files),
    run: () => (entry ? json(200, metadata(entry)) : notFound()),
  };
}

function update(entry: Entry | undefined, request: ApiRequest, { files }: ApiWorld): Call {
  const { name, parent, content_modified_at } = jsonBody<Item>(request);
  return {
    operation: parent ? 'move' : 'stat',
    ...pathOf(entry, files),
    run: () => {
      const folder = parent ? byId(files, parent.id) : entry?.parent;
      if (!entry || !folder) return notFound();
      files.move(entry, folder, name ?? entry.name);
      entry.modified = content_modified_at ?? entry.modified;
      return json(200, metadata(entry));
    },
  };
}

function remove(entry: Entry | undefined, _: ApiRequest, { files }: ApiWorld): Call {
  return {
    operation: 'delete',
    ...pathOf(entry, files),
    run: () => {
      if (!entry) return notFound();
      files.remove(entry);
      return { status: 204 };
    },
  };
}

function page(folder: Entry, url: URL, files: FileTree): Answer {
  const limit = Number(url.searchParams.get('limit') ?? 100);
  const from = Number(url.searchParams.get('marker') ?? 0);
  const all = files.children(folder);
  return json(200, {
    total_count: all.length,
    entries: all.slice(from, from + limit).map(metadata),
    limit,
    ...(all.length > from + limit ? { next_marker: String(from + limit) } : {}),
  });
}

function one(entry: Entry): Answer {
  return json(201, { total_count: 1, entries: [metadata(entry)] });
}

function metadata({ id, name, parent, bytes, modified, revision }: Entry): object {
  return {
    type: bytes ? 'file' : 'folder',
    id: parent ? id : '0',
    name,
    etag: revision,
    sequence_id: '0',
    item_status: 'active',
    created_at: modified,
    modified_at: modified,
    content_created_at: modified,
    content_modified_at: modified,
    ...(parent ? { parent: { type: 'folder', id: parent.parent ? parent.id : '0' } } : {}),
    ...(bytes ? { size: bytes.length, sha1: digest('sha1', bytes) } : {}),
  };
}

function byId(files: FileTree, id: string): Entry | undefined {
  return id === '0' ? files.root : files.byId(id);
}

function pathOf(entry: Entry | undefined, files: FileTree): { path?: string } {
  return entry ? { path: files.pathOf(entry) } : {};
}

function below(folder: Entry | undefined, name: string, files: FileTree): string {
  return [folder && files.pathOf(folder), name].filter(Boolean).join('/');
}

/** @see https://developer.box.com/reference/post-files-content/ */
function nameRefused(name: string): Answer | undefined {
  if (name.length > 255) return failure(400, 'item_name_too_long', 'Item name too long');
  return undefined;
}

function inUse(there: Entry): Answer {
  return failure(409, 'item_name_in_use', 'Item with the same name already exists', {
    context_info: { conflicts: metadata(there) },
  });
}

function notFound(): Answer {
  return failure(404, 'not_found', 'Not Found');
}

function failure(status: number, code: string, message: string, more: object = {}): Answer {
  return json(status, { type: 'error', status, code, message, ...more });
}
