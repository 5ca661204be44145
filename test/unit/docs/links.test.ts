import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { parseConfigText } from '../../../functions/shared/config/index.ts';
import { callsIn, faultOf } from './command-lines.ts';
import { readPage, type Page, slugOf } from './markdown.ts';

const root = join(import.meta.dirname, '../../..');
const map = 'docs/README.md';

/** Every file that a clone has, or will have once it is added. */
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const known = new Set(files);
const folders = new Set(files.flatMap(foldersAbove));

const pages = new Map<string, Page>(
  files
    .filter(
      (file) => /^(?:README\.md$|docs\/|skill\/|layers\/).*/.test(file) && file.endsWith('.md'),
    )
    .map((file) => [file, readPage(readFileSync(join(root, file), 'utf8'))]),
);

function foldersAbove(file: string): string[] {
  const folder = dirname(file);
  return folder === '.' ? [] : [folder, ...foldersAbove(folder)];
}

interface Found {
  from: string;
  /** The words of the link. */
  text: string;
  /** Path of the file or folder from the root. */
  path: string;
  anchor: string | undefined;
}

/** The links that stay in the repository. */
function linksOf(file: string): Found[] {
  const inside = (pages.get(file)?.links ?? []).filter(({ target }) => !/^[a-z]+:/i.test(target));
  return inside.map(({ text, target, line }) => {
    const [to = '', anchor] = target.split('#');
    const path = to === '' ? file : normalize(join(dirname(file), decodeURIComponent(to)));
    return { from: `${file}:${line}`, text, path: path.replace(/\/$/, ''), anchor };
  });
}

const links = [...pages.keys()].flatMap(linksOf);

/** A program that says nothing, for its tree of commands. */
function givenProgram(): ReturnType<typeof createProgram> {
  const silent = { columns: 80, env: {}, out: () => undefined, say: () => undefined };
  return createProgram(silent as never, () => undefined);
}

/** What the pages tell people to type, with where they do. */
function commandLines(): { from: string; call: string[] }[] {
  return [...pages].flatMap(([file, { fences, codes }]) => {
    const shells = fences.filter(({ language }) => ['sh', 'bash', 'console'].includes(language));
    const spans = codes.filter(({ text }) => text.startsWith('workspace-sync '));
    return [...shells, ...spans].flatMap(({ text, line }) =>
      callsIn(text).map((call) => ({ from: `${file}:${line}`, call })),
    );
  });
}

/** The JSON of the pages that is a configuration, or the part of one that makes sense by itself. */
function configurations(): { from: string; text: string }[] {
  return [...pages].flatMap(([file, { fences }]) =>
    fences.flatMap(({ language, text, line }) => {
      const config = language === 'json' ? asConfiguration(text) : undefined;
      return config ? [{ from: `${file}:${line}`, text: JSON.stringify(config) }] : [];
    }),
  );
}

function asConfiguration(text: string): Record<string, unknown> | undefined {
  const json = jsonOf(text) ?? jsonOf(`{${text.trim().replace(/,$/, '')}}`);
  if (!json || text.includes('…')) return undefined;
  if (json['agents'] !== undefined || json['plugins'] !== undefined) return json;
  // The blocks of one agent; without a cloud folder of its own it is still a configuration.
  const isBlocks = ['sync', 'backup', 'workspace', 'snapshots'].some((key) => key in json);
  if (isBlocks) return json;
  return 'provider' in json ? { mode: 'mailbox', ...json } : undefined;
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a configuration, in words. */
function problemsOf(text: string): string | undefined {
  try {
    parseConfigText(text, 'the page');
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Every file that can be reached from the map by following links; a folder stands for its files. */
function reachable(): Set<string> {
  const reached = new Set<string>();
  const next = [map];
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { path } of linksOf(file)) {
      next.push(...(folders.has(path) ? files.filter((one) => dirname(one) === path) : [path]));
    }
  }
  return reached;
}

describe('the pages', () => {
  it('are there, with links and commands in them', () => {
    expect(pages.size).toBeGreaterThan(30);
    expect(links.length).toBeGreaterThan(200);
    expect(commandLines().length).toBeGreaterThan(20);
    expect(configurations().length).toBeGreaterThan(10);
  });

  it('link to files and folders that are in the repository', () => {
    expect(links.filter(({ path }) => !known.has(path) && !folders.has(path))).toEqual([]);
  });

  it('link to headings that there are', () => {
    const named = links.filter(({ path, anchor }) => anchor !== undefined && pages.has(path));
    expect(named.length).toBeGreaterThan(50);
    const broken = named.filter(({ path, anchor }) => !pages.get(path)?.anchors.has(anchor ?? ''));
    expect(broken).toEqual([]);
  });

  it('name tests that there are, where they promise something', () => {
    const shown = links.filter(
      ({ from, path }) => from.startsWith('docs/promises.md') && path.endsWith('.test.ts'),
    );
    expect(shown.length).toBeGreaterThan(20);
    const missing = shown.filter(({ text, path }) => {
      const named = text === path.split('/').at(-1) ? '' : text;
      return !readFileSync(join(root, path), 'utf8').includes(named);
    });
    expect(missing).toEqual([]);
  });

  it('name commands and options that there are', () => {
    const program = givenProgram();
    const faults = commandLines().flatMap(({ from, call }) => {
      const fault = faultOf(program, call);
      return fault === undefined ? [] : [`${from}: ${fault}: ${call.join(' ')}`];
    });
    expect(faults).toEqual([]);
  });

  it('show configurations that would be accepted', () => {
    const faults = configurations().flatMap(({ from, text }) => {
      const problem = problemsOf(text);
      return problem === undefined ? [] : [`${from}: ${problem}`];
    });
    expect(faults).toEqual([]);
  });

  it('can all be reached from the map of the docs', () => {
    const reached = reachable();
    const docs = files.filter((file) => file.startsWith('docs/'));
    expect(docs.filter((file) => !reached.has(file))).toEqual([]);
  });
});

describe('the checks of the pages', () => {
  it.each([
    ['A sync of an agent failed', 'a-sync-of-an-agent-failed'],
    ['`localPath` & `_inbox`: what?', 'localpath--_inbox-what'],
    ['What [is it](x.md#y) for', 'what-is-it-for'],
    ['S3, R2, MinIO and the like', 's3-r2-minio-and-the-like'],
  ])('name the heading %s as GitHub does', (heading, slug) => {
    expect(slugOf(heading)).toBe(slug);
  });

  it('tell headings of the same words apart, and see none in code', () => {
    const { anchors } = readPage('# One\n## One\n```sh\n# Two\n```\n');
    expect([...anchors]).toEqual(['one', 'one-1']);
  });

  it('see links and images in text, not in code', () => {
    const text = '[a](b.md#c) ![d](e.svg) `[f](g.md)`\n```\n[h](i.md)\n```\n<img src="j.png">\n';
    expect(readPage(text).links.map(({ target }) => target)).toEqual(['b.md#c', 'e.svg', 'j.png']);
  });

  it.each([
    ['workspace-sync status --json | jq .', [['status', '--json']]],
    ["$ workspace-sync drop 'my file.pdf' # a drop", [['drop', 'my file.pdf']]],
    ['npx workspace-sync sync \\\n  --dry-run && echo done', [['sync', '--dry-run']]],
    ['echo workspace-sync status; git status', []],
    ['workspace-sync logs <job> > log.txt', [['logs', '<job>']]],
  ])('find the calls in %j', (text, calls) => {
    expect(callsIn(text)).toEqual(calls);
  });

  it.each([
    [['status', '--wrong'], 'has no option --wrong'],
    [['nonsense'], 'has no command nonsense'],
    [['status', 'extra'], 'takes 0 arguments, not 1'],
    [['status', '--agent'], 'wants a value'],
  ])('refuse %j', (call, fault) => {
    expect(faultOf(givenProgram(), call)).toContain(fault);
  });

  it('refuse a configuration with a key that there is not', () => {
    const [found] = ['"backup": { "enabled": true, "retian": 7 }'].map(asConfiguration);
    expect(problemsOf(JSON.stringify(found))).toContain('retian');
  });
});
