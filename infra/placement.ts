import { createHash } from 'node:crypto';

/**
 * Most agents whose resources stand in one stack: CloudFormation takes 500 resources and an agent has
 * up to eleven, three schedules and eight alarms. The rest is for what serves everybody, about 100 in the
 * first stack and 70 in that of an access point, where 7 rules are added for every 20 to 100 agents,
 * as long as their names are.
 */
export const agentsPerStack = 32;

/**
 * Deals agents out to stacks. The key `''` is the set's own stack, which there always is.
 *
 * A full stack splits in two by the next bit of its agents' hashes, and the half whose bit is 0
 * stays where it is. So adding an agent moves nobody, except half of one stack when that is full,
 * and a stack never disappears because an agent was added: CDK would leave it behind in the account
 * with its schedules running. A stack may be empty; CDK then deletes it.
 */
export function placeAgents<T extends { name: string }>(
  agents: readonly T[],
  capacity = agentsPerStack,
): Map<string, T[]> {
  return new Map(split('', agents, capacity));
}

function split<T extends { name: string }>(
  bits: string,
  agents: readonly T[],
  capacity: number,
): [string, T[]][] {
  if (agents.length <= capacity) return [[stackOf(bits), [...agents]]];
  return ['0', '1'].flatMap((bit) => {
    const next = bits + bit;
    const half = agents.filter(({ name }) => hashBit(name, bits.length) === bit);
    return split(next, half, capacity);
  });
}

/** The half with a 0 keeps the name, so trailing zeros say nothing. */
function stackOf(bits: string): string {
  return bits.replace(/0+$/, '');
}

function hashBit(name: string, index: number): string {
  const digest = createHash('sha256').update(name).digest();
  const byte = digest[index >> 3] ?? 0;
  return (byte >> (7 - (index & 7))) & 1 ? '1' : '0';
}
