import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { box } from './box.ts';
import { selfSigned } from './certificate.ts';
import { drive } from './drive.ts';
import { dropbox } from './dropbox.ts';
import type { Answer, ApiRequest } from './exchange.ts';
import { FileTree } from './file-tree.ts';
import { OAuth, type Rotation } from './oauth.ts';
import { onedrive } from './onedrive.ts';
import { startProxy } from './proxy.ts';
import { Troubles, type Fault, type Operation, type Trouble } from './trouble.ts';

/** What a request means: what it is for, which path it concerns, and how it is done. */
export interface Call {
  operation: Operation;
  path?: string;
  run: () => Answer;
}

/** One provider's API, without what all of them have in common. */
export interface Api {
  /** Host names that rclone calls. */
  hosts: string[];
  rotation: Rotation;
  caseInsensitive: boolean;
  isTokenRequest: (request: ApiRequest) => boolean;
  /** `undefined` for what the server does not know, which fails the test loudly. */
  route: (request: ApiRequest, world: ApiWorld) => Call | undefined;
  /** The provider's own words for each fault. */
  refuse: Refusals;
  unauthorized: () => Answer;
}

export type Refusals = Record<Exclude<Fault, 'hang-up'>, (trouble: Trouble) => Answer>;

/** What the routes of an API work on. */
export interface ApiWorld {
  files: FileTree;
  troubles: Troubles;
  /** Bytes of uploads under way, by session. */
  sessions: Map<string, UploadSession>;
}

export interface UploadSession {
  bytes: Buffer;
  /** Puts the file in its place, where that was said at the start. */
  finish?: (bytes: Buffer) => Answer;
}

/** A request that was answered. */
export interface SeenRequest {
  operation: Operation;
  path?: string;
  status: number;
  /** `POST https://…`, without the query. */
  line: string;
}

const apis = { dropbox, onedrive, drive, box };
export type ProviderKind = keyof typeof apis;

/** A provider on this machine, for the real rclone. */
export interface Provider {
  /** The rclone to run: it takes this server for the provider. */
  binary: string;
  /** What `rclone authorize` would print. */
  token: OAuth['token'];
  oauth: OAuth;
  files: FileTree;
  /** Makes requests fail, from now on. */
  trouble: (trouble: Trouble) => void;
  /** Forgets all trouble, requests and files. */
  reset: () => void;
  /** Everything that was asked for, in order. */
  requests: SeenRequest[];
  close: () => Promise<void>;
}

export async function startProvider(kind: ProviderKind): Promise<Provider> {
  const api: Api = apis[kind];
  const state = new ProviderState(api);
  const identity = selfSigned(api.hosts);
  const proxy = await startProxy(identity, (request) => state.answer(request));
  const folder = mkdtempSync(join(tmpdir(), `provider-${kind}-`));
  return {
    binary: writeWrapper(folder, proxy.url, identity.certificate),
    token: (options) => state.oauth.token(options),
    get oauth() {
      return state.oauth;
    },
    get files() {
      return state.world.files;
    },
    get requests() {
      return state.requests;
    },
    trouble: (trouble) => {
      state.world.troubles.add(trouble);
    },
    reset: () => {
      state.reset();
    },
    async close() {
      await proxy.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything that a provider remembers. */
class ProviderState {
  readonly #api: Api;
  oauth: OAuth;
  world: ApiWorld;
  requests: SeenRequest[] = [];

  constructor(api: Api) {
    this.#api = api;
    this.oauth = new OAuth(api.rotation);
    this.world = newWorld(api);
  }

  reset(): void {
    this.oauth = new OAuth(this.#api.rotation);
    this.world = newWorld(this.#api);
    this.requests = [];
  }

  async answer(request: ApiRequest): Promise<Answer | undefined> {
    const call = this.#callOf(request);
    const trouble = this.world.troubles.take(call.operation, call.path);
    if (trouble?.delayMs) await sleep(trouble.delayMs);
    if (trouble?.fault === 'hang-up') return undefined;
    const answer = trouble?.fault ? this.#api.refuse[trouble.fault](trouble) : call.run();
    const { origin, pathname } = request.url;
    this.requests.push({
      operation: call.operation,
      ...(call.path === undefined ? {} : { path: call.path }),
      status: answer.status,
      line: `${request.method} ${origin}${pathname}`,
    });
    return answer;
  }

  #callOf(request: ApiRequest): Call {
    if (this.#api.isTokenRequest(request)) {
      return { operation: 'token', run: () => this.oauth.refresh(request) };
    }
    const call = this.#api.route(request, this.world);
    if (!call) throw new Error(`no such call: ${request.method} ${request.url.href}`);
    // Addresses that were handed out for one upload or download are not signed.
    const open = request.url.pathname.startsWith('/granted/') || this.oauth.accepts(request);
    return open ? call : { ...call, run: () => this.#api.unauthorized() };
  }
}

function newWorld(api: Api): ApiWorld {
  return {
    files: new FileTree(api.caseInsensitive),
    troubles: new Troubles(),
    sessions: new Map(),
  };
}

function writeWrapper(folder: string, proxyUrl: string, certificate: string): string {
  const authority = join(folder, 'certificate.pem');
  const wrapper = join(folder, 'rclone');
  writeFileSync(authority, certificate);
  writeFileSync(
    wrapper,
    `#!/bin/sh\nexport HTTPS_PROXY='${proxyUrl}' RCLONE_CA_CERT='${authority}'\nexec '${rcloneBinary()}' "$@"\n`,
  );
  chmodSync(wrapper, 0o755);
  return wrapper;
}
