import { readFile } from 'node:fs/promises';
import JSON5 from 'json5';
import { pluginId, readForm } from '../../functions/shared/config/forms.ts';
import { isRecord, isTooDeep, objectAt, type Raw } from '../../functions/shared/config/raw.ts';
import { referencesIn } from '../../functions/shared/config/index.ts';
import { holdsSecret, isSecretOption } from '../../functions/shared/config/secret-options.ts';
import { suggestedName } from '../../functions/shared/config/site.ts';
import { CommandFailure } from '../failure.ts';
import { differences, type Difference } from './differences.ts';
import type { Blocks } from './file.ts';

/** What of an openclaw.json can be taken over. */
export interface Imported {
  agent: string;
  blocks: Blocks;
  /** Secrets that stood there, by the names of the references that stand there now, as stored. */
  secrets: Record<string, string>;
  differences: Difference[];
}

/** Reads the plugin's settings from a gateway's configuration: JSON with comments, as it takes them. */
export async function importPlugin(file: string): Promise<Imported> {
  const settings = pluginSettings(parsed(await readFile(file, 'utf8'), file), file);
  const [source] = readForm(settings).agents;
  const { blocks, secrets } = withoutSecrets(isRecord(source?.blocks) ? source.blocks : {});
  const agent = source?.name ?? 'main';
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
