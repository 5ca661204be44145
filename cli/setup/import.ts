import { readFile } from 'node:fs/promises';
import JSON5 from 'json5';
import { pluginId, readForm } from '../../functions/shared/config/forms.ts';
import { isRecord, isTooDeep, objectAt, type Raw } from '../../functions/shared/config/raw.ts';
import { referencesIn } from '../../functions/shared/config/index.ts';
import { holdsSecret, isSecretOption } from '../../functions/shared/config/secret-options.ts';
import { suggestedName } from '../../functions/shared/config/site.ts';
import { CommandFailure, wrongUsage } from '../failure.ts';
import type { Answers } from './answers.ts';
import { differences, type Difference } from './differences.ts';
import type { Blocks } from './file.ts';
import { named } from './interview.ts';

/** What of an openclaw.json can be taken over. */
export interface Imported {
  agent: string;
  blocks: Blocks;
  /** Secrets that stood there, by the names of the references that stand there now, as stored. */
  secrets: Record<string, string>;
  differences: Difference[];
}

/** What a person may still say where the settings are those of a file. */
const open: ReadonlySet<string> = new Set<keyof Answers>([
  'deployment',
  'agent',
  'interval',
  'alarmEmail',
  'secrets',
  'generatePassphrase',
  'acceptWeak',
]);

/** @throws CommandFailure naming every answer that an import has no use for. */
export function expectImportable(answers: Answers): void {
  const others = Object.keys(answers).filter((name) => !open.has(name)) as (keyof Answers)[];
  if (others.length === 0) return;
  throw wrongUsage(
    `An import takes these settings from the file: ${others.map(named).join(', ')}. Leave them out and ` +
      'correct the configuration afterwards, or run it without --import.',
  );
}

/**
 * Reads the plugin's settings from a gateway's configuration: JSON with comments, as it takes them.
 * @param wanted the agent that they become, and the one that is meant where the file has several
 */
export async function importPlugin(file: string, wanted?: string): Promise<Imported> {
  const settings = pluginSettings(parsed(await readFile(file, 'utf8'), file), file);
  const { agents } = readForm(settings);
  const source = agents.length > 1 ? agents.find(({ name }) => name === wanted) : agents[0];
  if (agents.length > 1 && !source) {
    const names = agents.map(({ name }) => name).join(', ');
    throw wrongUsage(`${file} describes several agents: ${names}. Say which one with --agent.`);
  }
  const { blocks, secrets } = withoutSecrets(isRecord(source?.blocks) ? source.blocks : {});
  const agent = wanted ?? source?.name ?? 'main';
  return { agent, blocks, secrets, differences: differences(blocks) };
}

function parsed(text: string, file: string): unknown {
  try {
    const json: unknown = JSON5.parse(text);
    if (!isTooDeep(json)) return json;
  } catch (error) {
    // Its message names the place and the character, never more of the text.
    const { lineNumber, columnNumber } = error as { lineNumber?: number; columnNumber?: number };
    throw new CommandFailure(
      `${file} cannot be read at line ${lineNumber ?? '?'}, column ${columnNumber ?? '?'}: it is not what ` +
        'a gateway accepts (JSON with comments).',
      { code: 'invalid-openclaw-config' },
    );
  }
  throw new CommandFailure(
    `${file} has lists or objects in each other that are deeper than any setting of the plugin. Import a ` +
      'copy without them.',
    { code: 'invalid-openclaw-config' },
  );
}

/** The plugin's block, also where the plugin is switched off; or a block that was copied out. */
function pluginSettings(json: unknown, file: string): Raw {
  const root = isRecord(json) ? json : {};
  if (root['plugins'] === undefined) return root;
  const entries = objectAt(objectAt(root, 'plugins'), 'entries');
  const settings = objectAt(entries, pluginId)['config'];
  if (isRecord(settings)) return settings;
  throw new CommandFailure(
    (suggest) =>
      `${file} has no plugins.entries["${pluginId}"].config: there is nothing to import. Run ` +
      `${suggest('setup')}, without --import.`,
    { code: 'no-plugin' },
  );
}

/** Puts a reference in the place of each secret that is written out. Pure. */
export function withoutSecrets(blocks: Raw): { blocks: Blocks; secrets: Record<string, string> } {
  const secrets: Record<string, string> = {};
  const replaced = (value: unknown, path: string[]): unknown => {
    if (isRecord(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, replaced(item, [...path, key])]),
      );
    }
    const name = path.at(-1) ?? '';
    if (typeof value !== 'string' || value === '' || !isSecret(path, name, value)) return value;
    if (referencesIn(value).length > 0) return value;
    const reference = freeName(suggestedName(path), secrets, value);
    secrets[reference] = value;
    return `\${${reference}}`;
  };
  return { blocks: replaced(blocks, []) as Blocks, secrets };
}

const secretKeys = new Set([
  'token',
  'appSecret',
  'clientSecret',
  'secretAccessKey',
  'passphrase',
  'secret',
]);

function isSecret(path: string[], name: string, value: string): boolean {
  if (!path.includes('rcloneOptions')) return secretKeys.has(name);
  return isSecretOption(name) || holdsSecret(value);
}

/** Two secrets may have keys that suggest one name. */
function freeName(name: string, taken: Record<string, string>, value: string): string {
  let free = name;
  for (let n = 2; taken[free] !== undefined && taken[free] !== value; n++) free = `${name}_${n}`;
  return free;
}
