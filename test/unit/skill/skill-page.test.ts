import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generalWords } from './words.ts';

const root = join(import.meta.dirname, '../../..');
const text = readFileSync(join(root, 'skill/SKILL.md'), 'utf8');
const [, front = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];

/** Everything that functions share: what they say of themselves stands there. */
const source = readdirSync(join(root, 'functions/shared'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'functions/shared', name), 'utf8'))
  .join('\n');

/** A key of the front matter, as OpenClaw reads it: one line each. */
function field(key: string): string {
  const [, value = ''] = new RegExp(`^${key}: (.*)$`, 'm').exec(front) ?? [];
  return value.replace(/^'(.*)'$/, '$1');
}

/** Anchors of a page, as its headings make them. */
function anchorsOf(page: string): string[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .replaceAll(' ', '-'),
  );
}

describe('the skill has the form that OpenClaw asks for', () => {
  it('knows no keys but those of the format, one line each', () => {
    const keys = front.split('\n').filter((line) => !line.startsWith('#'));

    expect(keys.map((line) => line.replace(/:.*/, ''))).toEqual([
      'name',
      'description',
      'metadata',
    ]);
  });

  it('is called as the folder into which it is installed', () => {
    const guide = readFileSync(join(root, 'docs/openclaw.md'), 'utf8');

    expect(field('name')).toBe('workspace-sync');
    expect(guide).toContain(`cp skill/SKILL.md ~/.openclaw/skills/${field('name')}/`);
  });

  it('is described in at most 160 characters, with what it is to be used for', () => {
    const description = field('description');

    expect(description.length).toBeLessThanOrEqual(160);
    expect(description).not.toMatch(/[<>"]/);
    for (const trigger of [
      'Sync workspace to/from cloud',
      'back up',
      'check sync status',
      'fix sync issues',
      'send files to the agent workspace',
    ]) {
      expect(description).toContain(trigger);
    }
  });

  it('has metadata in JSON that asks for nothing: the status file needs no program', () => {
    expect(JSON.parse(field('metadata'))).toEqual({ openclaw: { emoji: '☁️' } });
  });

  it('costs an agent little', () => {
    expect(text.length).toBeLessThan(6_000);
  });
});

describe('the skill says what is so', () => {
  it('points to headings that the runbook has', () => {
    const anchors = [...body.matchAll(/#([a-z][a-z0-9-]+)/g)].map(([, anchor]) => anchor);

    expect(anchors.length).toBeGreaterThan(8);
    expect(anchorsOf('docs/runbook.md')).toEqual(expect.arrayContaining([...new Set(anchors)]));
  });

  it('explains codes that there are', () => {
    const section = body.slice(body.indexOf('## Fix'), body.indexOf('## Do'));
    const codes = [...section.matchAll(/^- (.*?):/gm)].flatMap(([, list = '']) =>
      [...list.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code),
    );

    expect(codes.length).toBeGreaterThan(20);
    const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
    const said = (code: string): boolean =>
      runbook.includes(`\`${code}\``) || source.includes(`'${code}'`);
    expect(codes.filter((code) => !said(code))).toEqual([]);
  });

  it('names nothing of the status that is not in it', () => {
    const contract = ['status', 'notification']
      .map((name) => readFileSync(join(root, `functions/shared/contract/${name}.ts`), 'utf8'))
      .join('\n');
    const names = [...body.matchAll(/`(?:jobs\[\]\.|recoveryPoint\.|source\.)?([a-z]+[A-Za-z]*)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => !generalWords.has(name));

    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(contract))).toEqual([]);
  });

  it.each(['--resync', '--confirm', 'prune', '--to live', 'destroy', '--yes'])(
    'never does this without a yes: %s',
    (word) => {
      const [, rule = ''] = /^- Without your human's explicit yes(.*)$/m.exec(body) ?? [];

      expect(rule).toContain(word);
    },
  );

  it.each(['dropped files', '.workspace-sync/', '_inbox/.receipts/', 'passphrases'])(
    'has a rule about %s',
    (words) => {
      expect(body.slice(body.indexOf('## Never'))).toContain(words);
    },
  );
});
