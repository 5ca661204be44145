import type { Entries, SecretPlace } from '../../../../cli/secrets/entries.ts';
import type { Answers } from '../../../../cli/setup/answers.ts';
import { Interview } from '../../../../cli/setup/interview.ts';
import type { Setup } from '../../../../cli/setup/setup.ts';
import { general } from '../stacks.ts';
import { givenShell } from '../shell.ts';

/** What the entries of a deployment hold, by agent and scope, such as `main/sync`. */
export type Stored = Record<string, Record<string, string>>;

/** Entries that are kept here and not in AWS. */
export function entriesIn(stored: Stored): Entries {
  const entry = ({ agent, scope }: Omit<SecretPlace, 'reference'>): Record<string, string> =>
    (stored[`${agent}/${scope}`] ??= {});
  const set = (place: SecretPlace, value: string): Promise<void> => {
    entry(place)[place.reference] = value;
    return Promise.resolve();
  };
  return {
    read: (agent, scope) => Promise.resolve({ ...stored[`${agent}/${scope}`] }),
    set,
    async swap(place, from, to) {
      if (entry(place)[place.reference] !== from) return 'superseded';
      await set(place, to);
      return 'written';
    },
    look: () => Promise.resolve(undefined),
    all: () => Promise.resolve([]),
  };
}

/** A setup that nobody watches, with these answers, and what it says. */
export function givenSetup(
  entries: Entries,
  answers: Answers = {},
  env: NodeJS.ProcessEnv = {},
): { setup: Setup; said: string[] } {
  const { shell, said } = givenShell(env);
  const options = { ...general, yes: true, timeout: 60, firstRun: true, given: {} };
  const setup: Setup = {
    shell,
    options,
    target: { client: {}, forcePathStyle: false, env: {} },
    file: 'workspace-sync.json',
    deployment: 'default',
    interview: new Interview(shell, answers, options),
    entries,
  };
  return { setup, said };
}
