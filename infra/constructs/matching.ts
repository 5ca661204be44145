/** Which agents a rule is for: every agent of the deployment, or the ones named. */
export type Agents = 'every' | readonly string[];

/** EventBridge takes patterns of 2,048 characters; this much is left for the list of agents. */
const room = 1500;

/**
 * The lists of values for as many rules as are needed to name all agents: one list of one `every`
 * where no agent has to be named, no list where there is no agent.
 * @param space characters that a list may have
 */
export function valueLists<T>(
  agents: Agents,
  every: T,
  value: (agent: string) => T,
  space = room,
): T[][] {
  return agents === 'every' ? [[every]] : inPieces(agents.map(value), space);
}

function inPieces<T>(values: readonly T[], space: number): T[][] {
  const pieces: T[][] = [];
  let used = Infinity;
  for (const item of values) {
    const size = JSON.stringify(item).length + 1;
    if (used + size > space) {
      pieces.push([]);
      used = 0;
    }
    pieces.at(-1)?.push(item);
    used += size;
  }
  return pieces;
}
