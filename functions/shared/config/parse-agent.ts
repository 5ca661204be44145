import { type AgentConfig, agentNamePattern, agentSchema } from './agent.ts';
import { checkPlace } from './check-place.ts';
import { checkBlocks } from './checks.ts';
import { problemsOf } from './issues.ts';
import { ConfigError, type Problem } from './problems.ts';
import { isRecord } from './raw.ts';
import { keyText, type Site } from './site.ts';
import { strayReferences } from './stray-references.ts';
import { shown } from './wording.ts';

/** An agent that is in order, or everything that is wrong with it. */
export type CheckedAgent = { agent: AgentConfig; problems: [] } | { problems: Problem[] };

/** Holds one agent against the schema and against the checks that concern several keys. */
export function checkAgent(input: unknown, site: Site): CheckedAgent {
  if (!isRecord(input)) {
    const fix = 'Write an object with a "sync" block';
    return { problems: [{ key: site.keyOf([]), value: shown(input), allowed: 'an object', fix }] };
  }
  const parsed = agentSchema.safeParse(input);
  const findings = [
    ...checkBlocks(input, site),
    ...strayReferences(agentSchema, input),
    ...(parsed.success ? checkPlace(parsed.data) : []),
  ];
  const problems = onePerKey([
    ...problemsOf(agentSchema, parsed.error?.issues ?? [], input, site),
    ...findings.map(({ path, ...finding }) => ({ key: site.keyOf(path), ...finding })),
  ]);
  return parsed.success && problems.length === 0
    ? { agent: parsed.data, problems: [] }
    : { problems };
}

/** The first problem of each key: what is found later about it is a consequence. */
function onePerKey(problems: readonly Problem[]): Problem[] {
  return [
    ...new Map([...problems].reverse().map((problem) => [problem.key, problem])).values(),
  ].reverse();
}

/**
 * One agent's configuration from the file that synth wrote for it.
 *
 * @throws {ConfigError} with every problem, if somebody changed the file.
 */
export function parseAgentConfig(json: unknown): AgentConfig {
  const name = isRecord(json) ? json['name'] : undefined;
  const agent = typeof name === 'string' && agentNamePattern.test(name) ? name : 'main';
  const checked = checkAgent(json, { deployment: 'default', agent, keyOf: keyText });
  if (!('agent' in checked)) throw new ConfigError(checked.problems, `The file of agent ${agent}`);
  return checked.agent;
}
