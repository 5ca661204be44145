import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, wrongUsage } from '../failure.ts';
import { confirmedByWord } from '../output/ask.ts';
import type { Shell } from '../shell.ts';
import type { Entries, SecretPlace } from './entries.ts';

/** What is to be known before the passphrase of snapshots is replaced. */
export const replacementWarning =
  'A passphrase is stored there already, and the snapshots that exist open with that one alone: a new ' +
  'one is for new snapshots. To restore an older one, the old passphrase has to be put back, and once ' +
  'it is lost nobody can open those snapshots any more. Write it down before: docs/runbook.md, ' +
  '"Changing the passphrase".';

/**
 * Lets a passphrase be set where none is stored, or where somebody has said that the stored one is to
 * go. `--yes` does not say that: it is for what can be undone.
 * @throws CommandFailure otherwise; nothing was changed then.
 */
export async function expectReplaceable(
  shell: Shell,
  { entries }: { entries: Pick<Entries, 'read'> },
  { agent, scope, reference }: SecretPlace,
  { generate = false, replace = false }: { generate?: boolean; replace?: boolean },
): Promise<void> {
  if (!(await entries.read(agent, scope))[reference]) return;
  shell.say(replacementWarning);
  if (replace) return;
  if (generate) {
    throw wrongUsage(
      `${reference} of agent "${agent}" is set. To make another one, say --replace.`,
    );
  }
  const question = `Replace ${reference} of agent "${agent}"?`;
  if (await confirmedByWord(shell, { question, word: 'replace', option: '--replace' })) return;
  throw new CommandFailure('Nothing was stored.', {
    code: 'not-confirmed',
    exitCode: exitCodes.skipped,
  });
}
