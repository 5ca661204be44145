import { existsSync, readFileSync } from 'node:fs';
import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises';
import { parseConfig, type ParsedConfig } from '../../functions/shared/config/index.ts';
import { readForm } from '../../functions/shared/config/forms.ts';
import { isRecord, objectAt, type Raw } from '../../functions/shared/config/raw.ts';
import { CommandFailure } from '../failure.ts';

/** What stands under the name of one agent. */
export type Blocks = Record<string, unknown>;

/** A configuration file in the form that has a name for every agent; `undefined` where there is none. */
export function readDeployment(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  const json = parsed(readFileSync(file, 'utf8'), file);
  if (json['agents'] !== undefined) return { ...json };
  if (json['plugins'] !== undefined) {
    throw new CommandFailure(
      (suggest) =>
        `${file} is the configuration of a gateway. Import it, and keep the deployment's own elsewhere: ` +
        suggest('setup', '--import', file, '--config', 'workspace-sync.json'),
      { code: 'openclaw-config' },
    );
  }
  return inDeploymentForm(json);
}

function parsed(text: string, file: string): Raw {
  try {
    const json: unknown = JSON.parse(text);
    if (isRecord(json)) return json;
  } catch {
    // What the parser says quotes the text, which may hold a secret.
  }
  throw new CommandFailure(`${file} is not a JSON object. Correct it, or move it away.`, {
    code: 'invalid-config',
  });
}

/** The nested and the flat form have one agent, without its name above it. */
function inDeploymentForm(json: Raw): Record<string, unknown> {
  const { deployment, agents } = readForm(json);
  const [agent] = agents;
  const blocks = isRecord(agent?.blocks) ? agent.blocks : {};
  const sync = objectAt(blocks, 'sync');
  const top = Object.entries(json).filter(
    ([key]) => key !== 'agent' && !Object.hasOwn(blocks, key) && !Object.hasOwn(sync, key),
  );
  return { ...Object.fromEntries(top), deployment, agents: { [agent?.name ?? 'main']: blocks } };
}

/**
 * A configuration with an agent's settings in it; whatever else it holds stays. A key with `undefined`
 * is one that is to go.
 */
export function withAgent(
  existing: Record<string, unknown> | undefined,
  { deployment, agent, blocks, top }: Placement,
): Record<string, unknown> {
  const base = existing ?? { $schema: './config.schema.json' };
  const agents = objectAt(base, 'agents');
  const settled = { ...agents, [agent]: merged(objectAt(agents, agent), blocks) };
  return { ...merged(base, { deployment, ...top }), agents: settled };
}

export interface Placement {
  deployment: string;
  agent: string;
  blocks: Blocks;
  /** What stands beside the agents. */
  top: Record<string, unknown>;
}

/** New settings over old ones, key by key; lists and values are replaced. */
function merged(old: Raw, fresh: Raw): Record<string, unknown> {
  const both = Object.entries(fresh).map(([key, value]) => {
    const before = old[key];
    return [key, isRecord(value) && isRecord(before) ? merged(before, value) : value] as const;
  });
  const all = Object.entries({ ...old, ...Object.fromEntries(both) });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/**
 * Writes a configuration in place of the old one, whole or not at all.
 * @throws ConfigError where it is not in order: then nothing is written.
 */
export async function writeDeployment(
  file: string,
  json: Record<string, unknown>,
): Promise<ParsedConfig> {
  const config = parseConfig(json, file);
  const beside = `${file}.${process.pid}`;
  try {
    await writeFile(beside, `${JSON.stringify(json, null, 2)}\n`, { flag: 'wx' });
    if (existsSync(file)) await chmod(beside, (await stat(file)).mode & 0o777);
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
  return config;
}
