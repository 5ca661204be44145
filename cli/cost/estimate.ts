import {
  defaultAssumptions,
  estimateMonth,
  notCounted,
  totalOf,
  turnsPerMonth,
  type Assumptions,
} from '../../functions/shared/cost/index.ts';
import { configFile, expectAgent } from '../context.ts';
import type { General } from '../general.ts';
import { readConfiguration } from './configuration.ts';
import type { Account } from './text.ts';

/** What the command line says of the agents. */
export interface Assumed {
  files?: number;
  /** Bytes. */
  size?: number;
  /** Percent a day. */
  changed?: number;
  drops?: number;
  /** Bytes. */
  stored?: number;
}

/** Names of the options that say so. */
export const assumedNames = [
  'files',
  'size',
  'changed',
  'drops',
  'stored',
] as const satisfies readonly (keyof Assumed)[];

/** A month of the deployment that the configuration file describes. */
export function estimate(options: General & Assumed, file: string = configFile(options)): Account {
  const config = readConfiguration(file);
  expectAgent(options.agent, config, file);
  const agents =
    options.agent === undefined
      ? config.agents
      : config.agents.filter(({ name }) => name === options.agent);
  const assumed = assumptions(options);
  const lines = estimateMonth({ ...config, agents }, assumed);
  return {
    kind: 'estimate',
    deployment: config.deployment,
    agents: agents.map(({ name }) => name),
    assumptions: assumed,
    lines,
    dollars: totalOf(lines),
    turns: turnsPerMonth(agents, assumed),
    ...(config.monthlyCap === undefined ? {} : { cap: config.monthlyCap }),
    notCounted: [...notCounted],
  };
}

function assumptions({ files, size, changed, drops, stored }: Assumed): Assumptions {
  return {
    ...defaultAssumptions,
    ...(files === undefined ? {} : { files }),
    ...(size === undefined ? {} : { bytes: size }),
    ...(changed === undefined ? {} : { changedPerDay: changed / 100 }),
    ...(drops === undefined ? {} : { dropsPerDay: drops }),
    ...(stored === undefined ? {} : { storedBytes: stored }),
  };
}
