import { createHash, randomBytes } from 'node:crypto';

/** A file, or a folder, which has no bytes. */
export interface Entry {
  readonly id: string;
  name: string;
  parent: Entry | undefined;
  bytes: Buffer | undefined;
  modified: string;
  /** Another one for each content. */
  revision: string;
}

/** What a provider keeps. Folders and files have ids, which a move does not change. */
export class FileTree {
  readonly root: Entry = entry('', undefined, undefined);
  readonly #fold: (name: string) => string;
  readonly #byId = new Map<string, Entry>([[this.root.id, this.root]]);

  /** `caseInsensitive`: names that differ in nothing else are one. */
  constructor(caseInsensitive: boolean) {
    this.#fold = caseInsensitive ? (name) => name.toLowerCase() : (name) => name;
  }

  /** Paths and texts of all files. */
  get texts(): Record<string, string> {
    const files = [...this.#byId.values()].filter(({ bytes }) => bytes);
    return Object.fromEntries(
      files.map((file) => [this.pathOf(file), file.bytes?.toString('utf8') ?? '']),
    );
  }

  /** Puts files there, as another client of the provider would; `undefined` is an empty folder. */
  write(files: Record<string, string | Buffer | undefined>): void {
    for (const [path, text] of Object.entries(files)) {
      const parent = this.folders(path.split('/').slice(0, -1));
      const name = path.split('/').at(-1) ?? '';
      if (text === undefined) this.folder(parent, name);
      else this.put(parent, name, Buffer.from(text));
    }
  }

  find(path: string): Entry | undefined {
    const names = path.split('/').filter((name) => name !== '');
    return names.reduce<Entry | undefined>(
      (parent, name) => parent && this.child(parent, name),
      this.root,
    );
  }

  byId(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  child(parent: Entry, name: string): Entry | undefined {
    const folded = this.#fold(name);
    return this.children(parent).find((one) => this.#fold(one.name) === folded);
  }

  children(parent: Entry): Entry[] {
    return [...this.#byId.values()].filter((one) => one.parent === parent);
  }

  pathOf(one: Entry): string {
    return one.parent?.parent ? `${this.pathOf(one.parent)}/${one.name}` : one.name;
  }

  /** Replaces what is there under the name, unless it is a folder. */
  put(parent: Entry, name: string, bytes: Buffer, modified?: string): Entry {
    const there = this.child(parent, name);
    if (!there) return this.create(parent, name, bytes, modified);
    return Object.assign(there, content(bytes, modified));
  }

  /** Always another one, whatever is there. */
  create(parent: Entry, name: string, bytes?: Buffer, modified?: string): Entry {
    const made = entry(name, parent, bytes, modified);
    this.#byId.set(made.id, made);
    return made;
  }

  folder(parent: Entry, name: string): Entry {
    return this.child(parent, name) ?? this.create(parent, name);
  }

  folders(names: string[]): Entry {
    return names
      .filter((name) => name !== '')
      .reduce((parent, name) => this.folder(parent, name), this.root);
  }

  move(one: Entry, parent: Entry, name: string): void {
    Object.assign(one, { parent, name });
  }

  remove(one: Entry): void {
    for (const child of this.children(one)) this.remove(child);
    this.#byId.delete(one.id);
  }
}

function entry(
  name: string,
  parent: Entry | undefined,
  bytes: Buffer | undefined,
  modified?: string,
): Entry {
  return { id: randomBytes(9).toString('hex'), name, parent, ...content(bytes, modified) };
}

function content(
  bytes: Buffer | undefined,
  modified = new Date().toISOString(),
): Pick<Entry, 'bytes' | 'modified' | 'revision'> {
  return { bytes, modified, revision: randomBytes(8).toString('hex') };
}

export function digest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
