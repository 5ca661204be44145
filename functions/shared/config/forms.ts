import * as z from 'zod';
import { agentBlocks, agentNamePattern } from './agent.ts';
import { agentField, type DeploymentConfig, deploymentFields } from './deployment.ts';
import { problemsOf } from './issues.ts';
import type { Notice, Problem } from './problems.ts';
import { isRecord, type Raw } from './raw.ts';
import type { Path } from './schema-walk.ts';
import { keyText, type Site } from './site.ts';
import { shown } from './wording.ts';

/** One agent of the file, not yet checked, and where in the file it stands. */
export interface AgentSource {
  name: string;
  blocks: unknown;
  keyOf: Site['keyOf'];
}

/** The file taken apart: whichever form it has, it is a list of agents. */
export interface Form {
  deployment: string;
  /** What else stands at the top, with its defaults. */
  top: Omit<DeploymentConfig, 'deployment' | 'agents'>;
  agents: AgentSource[];
  problems: Problem[];
  notices: Notice[];
}

/** Key of the plugin in an openclaw.json. */
export const pluginId = 'openclaw-workspace-sync';

const single = { ...deploymentFields, agent: agentField };
const schemas = {
  deployment: z.strictObject({ ...deploymentFields, agents: z.unknown() }),
  nested: z.strictObject({ ...single, ...agentBlocks }),
  top: z.object(single),
};

/** Recognises the form of a file: whole openclaw.json, deployment, nested or flat. */
export function readForm(json: Raw): Form {
  if (json['plugins'] !== undefined) return pluginForm(json['plugins']);
  if (json['agents'] !== undefined) return deploymentForm(json, json['agents']);
  return singleForm(json, []);
}

function pluginForm(plugins: unknown): Form {
  const path = ['plugins', 'entries', pluginId];
  const entries = isRecord(plugins) ? plugins['entries'] : undefined;
  const entry = isRecord(entries) ? entries[pluginId] : undefined;
  const settings = isRecord(entry) ? entry['config'] : undefined;
  if (!isRecord(entry) || !isRecord(settings)) {
    const value = shown(isRecord(entry) ? settings : entry);
    return refused(keyText(isRecord(entry) ? [...path, 'config'] : path), value, absentPlugin);
  }
  if (entry['enabled'] === false)
    return refused(keyText([...path, 'enabled']), 'false', switchedOff);
  const form = singleForm(settings, [...path, 'config']);
  return { ...form, notices: [{ key: keyText(path), message: runsTwice }, ...form.notices] };
}

const absentPlugin = {
  allowed: 'an openclaw.json in which the plugin is configured',
  fix: `Add { "enabled": true, "config": { "sync": { … } } } under plugins.entries["${pluginId}"], or keep the settings in a file of their own: { "sync": { … } }`,
};

const switchedOff = {
  allowed: 'true, or no such key',
  fix: 'Copy the object under "config" to a file of its own and deploy that, so that the plugin can stay off; or set it to true',
};

const runsTwice =
  'this is the configuration of the plugin on the gateway: where it runs there too, two syncs ' +
  'work on the same folders; disable the plugin and keep a copy of its "config" for this deployment';

function refused(key: string, value: string, advice: Pick<Problem, 'allowed' | 'fix'>): Form {
  const { deployment, ...top } = settingsOf({});
  return { deployment, top, agents: [], problems: [{ key, value, ...advice }], notices: [] };
}

function deploymentForm(json: Raw, agents: unknown): Form {
  const top = topOf(schemas.deployment, json, []);
  if (!isRecord(agents) || Object.keys(agents).length === 0) {
    const allowed = 'an object with at least one agent';
    const fix = 'Write "agents": { "main": { "sync": { … } } }';
    top.problems.push({ key: 'agents', value: shown(agents), allowed, fix });
    return { ...top, agents: [] };
  }
  const names = Object.keys(agents);
  top.problems.push(...names.filter((name) => !agentNamePattern.test(name)).map(wrongName));
  const sources = names.map((name) => ({
    name,
    blocks: agents[name],
    keyOf: (path: Path) => keyText(['agents', name, ...path]),
  }));
  return { ...top, agents: sources };
}

function wrongName(name: string): Problem {
  return {
    key: keyText(['agents', name]),
    value: shown(name, {}),
    allowed: '1 to 63 lower-case letters, digits, "-" and "_", not starting with "-" or "_"',
    fix: 'Rename the agent',
  };
}

/** The forms with a single agent: nested where one of the blocks is there, flat otherwise. */
function singleForm(json: Raw, at: Path): Form {
  const isNested = json['sync'] !== undefined || !hasFlatKeys(json);
  const top = topOf(isNested ? schemas.nested : schemas.top, json, at);
  const parsedName = agentField.safeParse(json['agent']);
  const name = parsedName.success ? parsedName.data : 'main';
  const blocks = isNested ? pick(json, isBlock) : flatBlocks(json);
  const keyOf = (path: Path): string => {
    const inFlatSync = !isNested && path[0] === 'sync';
    return keyText([...at, ...(inFlatSync ? path.slice(1) : path)]);
  };
  return { ...top, agents: [{ name, blocks, keyOf }] };
}

function hasFlatKeys(json: Raw): boolean {
  return Object.keys(json).some(isFlatKey);
}

function isBlock(key: string): boolean {
  return Object.hasOwn(agentBlocks, key);
}

function isFlatKey(key: string): boolean {
  return !isBlock(key) && !Object.hasOwn(single, key);
}

function flatBlocks(json: Raw): Raw {
  const sync = pick(json, isFlatKey);
  return { ...pick(json, isBlock), sync };
}

function pick(json: Raw, wanted: (key: string) => boolean): Raw {
  return Object.fromEntries(Object.entries(json).filter(([key]) => wanted(key)));
}

/** What stands at the top of the file beside the agents, with its own mistakes and no others. */
function topOf(schema: z.ZodType, json: Raw, at: Path): Omit<Form, 'agents'> {
  const issues = schema.safeParse(json).error?.issues ?? [];
  const own = issues.filter((issue) => !isBlock(String(issue.path[0])));
  const { deployment, ...top } = settingsOf(json);
  const site = { deployment, agent: 'main', keyOf: (path: Path) => keyText([...at, ...path]) };
  const problems = problemsOf(schema, own, json, site);
  return {
    deployment,
    top,
    problems,
    notices: [],
  };
}

/** What stands at the top as far as it is in order; where a key is not, as if it were not there. */
function settingsOf(json: Raw): Omit<DeploymentConfig, 'agents'> {
  const schema = z.object(deploymentFields);
  const faulty = new Set(schema.safeParse(json).error?.issues.map(({ path }) => path[0]));
  const { alarmEmail, monthlyCap, snapshots, ...settings } = schema.parse(
    pick(json, (key) => key !== '$schema' && !faulty.has(key)),
  );
  return {
    ...settings,
    ...(alarmEmail === undefined ? {} : { alarmEmail }),
    ...(monthlyCap === undefined ? {} : { monthlyCap }),
    ...(snapshots === undefined ? {} : { snapshots }),
  };
}
