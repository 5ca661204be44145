import { agentNamePattern } from './agent.ts';
import { checkNeighbours } from './check-neighbours.ts';
import { checkSharedFolders, sharedFolderNotices } from './check-shared-folders.ts';
import { checkSharedCredentials } from './check-shared-credentials.ts';
import type { DeploymentConfig } from './deployment.ts';
import { deploymentNotices } from './deployment-notices.ts';
import { type AgentSource, type Form, readForm } from './forms.ts';
import { jsonFault } from './json-text.ts';
import { noticesFor } from './notices.ts';
import { checkAgent, type CheckedAgent } from './parse-agent.ts';
import { ConfigError, type Notice, type Problem } from './problems.ts';
import { isRecord, isTooDeep } from './raw.ts';
import type { Site } from './site.ts';
import { shown } from './wording.ts';

/** A configuration that is in order, with what the operator should know about it. */
export interface ParsedConfig {
  config: DeploymentConfig;
  notices: Notice[];
}

/**
 * Reads the configuration of a deployment in any of its forms.
 *
 * @throws {ConfigError} with every problem at once.
 */
export function parseConfig(json: unknown, source?: string): ParsedConfig {
  if (!isRecord(json)) throw new ConfigError([notAnObject(json)], source);
  if (isTooDeep(json)) throw new ConfigError([tooDeep], source);
  const form = readForm(json);
  const checked = form.agents.map((agent) => checkSource(agent, form));
  const problems = [...form.problems, ...checked.flatMap((agent) => agent.problems)];
  if (problems.length > 0) throw new ConfigError(problems, source);
  const placed = checked.flatMap((result, index) => {
    const site = form.agents[index];
    return 'agent' in result && site ? [{ agent: result.agent, keyOf: site.keyOf }] : [];
  });
  const clashes = [
    ...checkNeighbours(placed),
    ...checkSharedCredentials(placed),
    ...checkSharedFolders(placed),
  ];
  if (clashes.length > 0) throw new ConfigError(clashes, source);
  const { deployment, top } = form;
  return {
    config: {
      deployment,
      ...top,
      agents: placed.map(({ agent }) => agent),
    },
    notices: [
      ...form.notices,
      ...checked.flatMap((agent) => agent.notices),
      ...deploymentNotices(placed, top.snapshots),
      ...sharedFolderNotices(placed),
    ],
  };
}

/**
 * As {@link parseConfig}, from the text of a file.
 *
 * @throws {ConfigError} that names the file, and the place where it is not JSON.
 */
export function parseConfigText(text: string, fileName: string): ParsedConfig {
  const json = text.replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new ConfigError([emptyFile], fileName);
  return parseConfig(parsedJson(json, fileName), fileName);
}

function parsedJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out on purpose: it quotes the text, which may hold a secret.
    const { line, column, hint } = jsonFault(text);
    const key = `line ${line}, column ${column}`;
    const value = 'something that is not JSON';
    throw new ConfigError([{ key, value, allowed: 'JSON (RFC 8259)', fix: hint }], fileName);
  }
}

const emptyFile: Problem = {
  key: '(the whole file)',
  value: 'nothing: the file is empty',
  allowed: 'a JSON object',
  fix: 'Start from workspace-sync.example.json',
};

const tooDeep: Problem = {
  key: '(the whole file)',
  value: 'lists or objects that lie in each other deeper than any setting does',
  allowed: 'the keys of docs/configuration.md',
  fix: 'Remove what is not a setting',
};

function notAnObject(json: unknown): Problem {
  return { ...emptyFile, value: shown(json) };
}

function checkSource(source: AgentSource, form: Form): CheckedAgent & { notices: Notice[] } {
  const name = agentNamePattern.test(source.name) ? source.name : 'main';
  const site: Site = { deployment: form.deployment, agent: name, keyOf: source.keyOf };
  const input = isRecord(source.blocks) ? { ...source.blocks, name } : source.blocks;
  const result = checkAgent(input, site);
  if (isRecord(source.blocks) && Object.hasOwn(source.blocks, 'name')) {
    return { problems: [...result.problems, nameInside(site)], notices: [] };
  }
  const notices = 'agent' in result ? noticesFor(source.blocks, result.agent, site) : [];
  return { ...result, notices };
}

function nameInside(site: Site): Problem {
  return {
    key: site.keyOf(['name']),
    value: 'an unknown key',
    allowed: '"workspace", "sync", "backup" or "webhook"',
    fix: 'Remove it: the key above it is the name of the agent',
  };
}
