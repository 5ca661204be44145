import type { General } from '../general.ts';

/** The options that choose the deployment and the agent: what a suggested command has to repeat. */
export type Chosen = Partial<
  Pick<General, 'agent' | 'deployment' | 'config' | 'profile' | 'region' | 'local'>
>;

/** A command of ours as a person can paste it into a shell, for the same deployment and agent. */
export function commandLine(words: readonly string[], chosen: Chosen = {}): string {
  return ['workspace-sync', ...words, ...optionsOf(chosen)].map(quoted).join(' ');
}

function optionsOf({ agent, deployment, config, profile, region, local }: Chosen): string[] {
  const named = { agent, deployment, config, profile, region };
  const options = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return local === true ? [...options, '--local'] : options;
}

/** A word that a shell takes as it is; others in single quotes. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
