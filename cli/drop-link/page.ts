import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../root.ts';

/** What the page of a link is told: everything that it needs, for it asks nobody else. */
export interface PageData {
  id: string;
  agent: string;
  label?: string;
  files: number;
  maxBytes: number;
  types: string[];
  expiresAt: string;
  /** Where forms are sent to, and where the receipts are: paths of the page's own origin. */
  action: string;
  receipts: string;
  /** Fields of the signed form of each slot, in order. */
  forms: Record<string, string>[];
}

const folder = join(projectRoot, 'cli', 'drop-link', 'page');

/** Modules in the order in which they need each other. */
const modules = ['sha256.js', 'words.js', 'script.js'];

/** The page of a link: one file that loads nothing and may run nothing but what is in it. */
export async function dropPage(data: PageData): Promise<string> {
  const [template, style, ...parts] = await Promise.all(
    ['index.html', 'style.css', ...modules].map((file) => readFile(join(folder, file), 'utf8')),
  );
  const script = parts.map(inOneModule).join('\n');
  const parameters = {
    policy: contentPolicy(style ?? '', script),
    title: escaped(`Files for ${data.agent}`),
    style: style ?? '',
    link: JSON.stringify(data).replaceAll('<', '\\u003c'),
    script,
  };
  return (template ?? '').replace(
    /\s*\/\* \{\{(style|script)\}\} \*\/\s*|\s*"\{\{(link)\}\}"\s*|\{\{(policy|title)\}\}/g,
    (_, ...names: (keyof typeof parameters | undefined)[]) =>
      parameters[names.slice(0, 3).find((name) => name !== undefined) ?? 'title'],
  );
}

/** Joined to one module: what was exported and imported is simply there. */
function inOneModule(source: string): string {
  return source.replace(/^import .*\n/gm, '').replace(/^export /gm, '');
}

/**
 * What the page may do: run the one script and use the one style that are in it, and send to its own
 * origin. It can load nothing, send nothing elsewhere, and write no markup.
 */
function contentPolicy(style: string, script: string): string {
  return [
    "default-src 'none'",
    `script-src '${fingerprint(script)}'`,
    `style-src '${fingerprint(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

function fingerprint(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
