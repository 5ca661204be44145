import type { SecretScope } from '../../functions/shared/contract/index.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Chosen } from '../command-line.ts';
import { expectAgent } from '../context.ts';
import type { General } from '../general.ts';
import { table } from '../output/table.ts';
import { counted, timeInWords } from '../output/words.ts';
import type { Shell } from '../shell.ts';
import type { Entries, EntryFacts } from './entries.ts';
import { type Cure, cureOf, secretNeeds, type SecretNeed } from './needs.ts';
import { openConfiguredSite } from './site.ts';

/** One reference, and whether there is a value for it. Never the value. */
export interface ListedSecret {
  agent: string;
  scope: SecretScope;
  reference: string;
  /** Where in the agent's settings it stands. */
  key: string;
  entry: string;
  isSet: boolean;
  /** ISO 8601, of the whole entry. */
  changedAt?: string;
  /** The command that sets it; where it is missing. */
  cure?: string;
  /** Another one that would. */
  otherwise?: string;
}

/** Shows which secrets the configuration needs and which are set; exit code 1 where one is missing. */
export async function listSecrets(shell: Shell, general: General): Promise<ExitCode> {
  const { parsed, entries, file } = openConfiguredSite(shell, general);
  expectAgent(general.agent, parsed.config, file);
  const needs = secretNeeds(parsed.config).filter(
    ({ agent }) => general.agent === undefined || agent === general.agent,
  );
  const listed = await lookUp(entries, needs, general);
  shell.out(general.json ? JSON.stringify(listed, null, 2) : listText(listed, shell.clock.now()));
  return listed.every(({ isSet }) => isSet) ? exitCodes.ok : exitCodes.failed;
}

/** Which of the needs have a value. */
export async function lookUp(
  entries: Entries,
  needs: SecretNeed[],
  chosen: Chosen,
): Promise<ListedSecret[]> {
  const groups = [...Map.groupBy(needs, ({ entry }) => entry).values()];
  const found = await Promise.all(groups.map((group) => lookUpEntry(entries, group, chosen)));
  return found.flat();
}

async function lookUpEntry(
  entries: Entries,
  needs: SecretNeed[],
  chosen: Chosen,
): Promise<ListedSecret[]> {
  const [first] = needs;
  const facts = first && (await entries.look(first.agent, first.scope));
  return needs.map((need) => listedOf(need, facts, cureOf(need, chosen)));
}

function listedOf(need: SecretNeed, facts: EntryFacts | undefined, cure: Cure): ListedSecret {
  const { agent, scope, reference, key, entry } = need;
  const isSet = facts?.names.includes(reference) === true;
  const changedAt = facts?.changedAt;
  return {
    agent,
    scope,
    reference,
    key,
    entry,
    isSet,
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(isSet ? {} : cure),
  };
}

function listText(listed: ListedSecret[], now: number): string {
  if (listed.length === 0) return 'The configuration refers to no secrets.';
  const rows = listed.map(({ agent, reference, key, isSet, changedAt }) => [
    agent,
    reference,
    key,
    isSet ? 'set' : 'MISSING',
    changedAt === undefined ? '-' : timeInWords(changedAt, now),
  ]);
  const all = table(['agent', 'secret', 'stands in', '', 'entry last changed'], rows);
  const missing = listed.filter(({ isSet }) => !isSet);
  return missing.length === 0 ? all : `${all}\n\n${missingText(missing)}`;
}

/** What is missing, with the commands that set it. */
export function missingText(missing: ListedSecret[]): string {
  const commands = missing.flatMap(({ cure = '', otherwise }) => [
    `  ${cure}`,
    ...(otherwise === undefined ? [] : [`    or: ${otherwise}`]),
  ]);
  return `${counted(missing.length, 'secret is', 'secrets are')} missing:\n${commands.join('\n')}`;
}
