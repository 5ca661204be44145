import { expect } from 'vitest';
import {
  type AgentConfig,
  ConfigError,
  type DeploymentConfig,
  type Notice,
  parseConfig,
  type Problem,
} from '../../../functions/shared/config/index.ts';

type Json = Record<string, unknown>;

export const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${TOKEN}' } };

/** The one agent of a nested file. */
export function givenAgent(blocks: Json): AgentConfig {
  const agent = parseConfig(blocks).config.agents[0];
  if (agent === undefined) throw new Error('no agent');
  return agent;
}

export function givenSync(keys: Json): AgentConfig['sync'] {
  return givenAgent({ sync: { ...dropbox, ...keys } }).sync;
}

export function givenConfig(json: Json): DeploymentConfig {
  return parseConfig(json).config;
}

export function noticesOf(json: Json): Notice[] {
  return parseConfig(json).notices;
}

export function errorOf(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

export function problemsOf(json: unknown): readonly Problem[] {
  return errorOf(() => parseConfig(json)).problems;
}

export function expectKeys(json: unknown, keys: string[]): void {
  expect(problemsOf(json).map((problem) => problem.key)).toEqual(keys);
}

/** The one problem of a nested file. */
export function expectProblem(json: unknown, key: string): Problem {
  const problem = problemsOf(json)[0];
  expectKeys(json, [key]);
  if (problem === undefined) throw new Error('no problem');
  return problem;
}
