import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkspaceSyncError } from '../errors.ts';
import { type AgentConfig, agentNamePattern } from './agent.ts';
import { parseAgentConfig } from './parse-agent.ts';

const suffix = '.json';

/** Thrown where a request names an agent that the deployment does not have. */
export class UnknownAgentError extends WorkspaceSyncError {
  /** The agents that there are. */
  readonly known: readonly string[];

  constructor(name: string, known: readonly string[]) {
    const list = known.length === 0 ? 'none' : known.join(', ');
    const message = `There is no agent ${JSON.stringify(name.slice(0, 63))}; this deployment has ${list}`;
    super(message, { code: 'unknown-agent', retryable: false });
    this.known = known;
  }
}

/**
 * Reads `<directory>/<name>.json`.
 *
 * @throws {UnknownAgentError} where there is no such file, or where no agent could have that name.
 */
export async function loadAgentConfig(directory: string, name: string): Promise<AgentConfig> {
  const text = agentNamePattern.test(name) ? await textOf(directory, name) : undefined;
  if (text === undefined) throw new UnknownAgentError(name, await agentsIn(directory));
  return parseAgentConfig(JSON.parse(text));
}

async function textOf(directory: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, name + suffix), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Names of all agents that there are, sorted. */
export async function agentsIn(directory: string): Promise<string[]> {
  const files = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = files.filter((file) => file.endsWith(suffix));
  return names.map((file) => file.slice(0, -suffix.length)).sort();
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
