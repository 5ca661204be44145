import type { ParsedConfig } from '../../functions/shared/config/index.ts';
import { freshToken } from '../authorize/authorize.ts';
import { CommandFailure } from '../failure.ts';
import type { SecretPlace } from '../secrets/entries.ts';
import { cureOf, needsOfAgent, type SecretNeed } from '../secrets/needs.ts';
import { generatePassphrase, passphraseWarning, strengthOf } from '../secrets/passphrase.ts';
import { askSecret, confirmed } from '../output/ask.ts';
import { replacementWarning } from '../secrets/replacement.ts';
import { refuseWeak, storedForm } from '../secrets/value.ts';
import { chosenAfter } from './schedule.ts';
import type { Setup } from './setup.ts';

/** A value in the form in which it is stored. */
interface Fresh {
  value: string;
  /** A passphrase that was made here: nobody has seen it before it is stored. */
  isMade?: boolean;
}

/** Secrets that are known and not stored yet, over those that are stored. */
export class PendingSecrets {
  readonly #fresh = new Map<string, Fresh & { place: SecretPlace }>();
  readonly #setup: Pick<Setup, 'entries'>;

  constructor(setup: Pick<Setup, 'entries'>) {
    this.#setup = setup;
  }

  /** Keeps a value, in the form in which it will be stored. */
  add({ agent, scope, reference }: SecretPlace, value: string, isMade = false): void {
    const place = { agent, scope, reference };
    this.#fresh.set(keyOf(place), { place, value, isMade });
  }

  /**
   * Stores at once what has taken the place of a value: that may be worth nothing from now on.
   * @returns false where somebody has changed the stored one meanwhile: theirs stays
   */
  async supersede(place: SecretPlace, from: string | undefined, to: string): Promise<boolean> {
    const { entries } = this.#setup;
    if (!this.#fresh.has(keyOf(place))) return (await entries.swap(place, from, to)) === 'written';
    await entries.set(place, to);
    this.#fresh.delete(keyOf(place));
    return true;
  }

  /** What is to be stored. */
  fresh(): (Fresh & { place: SecretPlace })[] {
    return [...this.#fresh.values()];
  }

  /** An entry as it will be. */
  async read(agent: string, scope: SecretPlace['scope']): Promise<Record<string, string>> {
    const stored = await this.#setup.entries.read(agent, scope);
    const fresh = this.fresh().filter(
      ({ place }) => place.agent === agent && place.scope === scope,
    );
    return {
      ...stored,
      ...Object.fromEntries(fresh.map(({ place, value }) => [place.reference, value])),
    };
  }
}

function keyOf({ agent, scope, reference }: SecretPlace): string {
  return `${agent}/${scope}/${reference}`;
}

/** What a gathering takes into account. */
export interface Sources {
  parsed: ParsedConfig;
  /** Whom the setup is about: other agents may have other secrets under the same names. */
  agent: string;
  /** Secrets that stood in an imported file, in the form in which they are stored. */
  imported: Record<string, string>;
}

/**
 * Gets secrets that the agent needs and that are not stored yet: the passphrase alone, which may be
 * made and so comes after all that can fail, or the others. What is stored stays, unless a person who
 * is there wants what was given in its place.
 */
export async function gatherSecrets(
  setup: Setup,
  pending: PendingSecrets,
  which: 'passphrase' | 'others',
  { parsed, agent, imported }: Sources,
): Promise<void> {
  // Tokens come last: the secret of an app has to be known before one is asked for.
  const needs = needsOfAgent(parsed.config, agent)
    .filter((need) => isLate(setup, need) === (which === 'passphrase'))
    .sort((a, b) => order(a) - order(b));
  for (const need of needs) {
    const taken = imported[need.reference];
    const given = taken ?? setup.interview.answers.secrets?.[need.reference];
    const stored = (await pending.read(need.agent, need.scope))[need.reference];
    if (stored && (given === undefined || !(await mayReplace(setup, need, stored, given))))
      continue;
    const fresh = taken === undefined ? await valueOf(setup, need, parsed, pending) : undefined;
    const value = taken ?? fresh?.value;
    if (value !== undefined) pending.add(need, value, fresh?.isMade);
  }
}

/** Runs renew what is stored: what is given a second time may be worth nothing any more. */
async function mayReplace(
  setup: Setup,
  need: SecretNeed,
  stored: string,
  given: string,
): Promise<boolean> {
  const { reference, agent, what } = need;
  // That is the matter of `expectSamePassphrases`.
  if (what.kind === 'passphrase' || stored === given) return false;
  const { shell, options } = setup;
  const found = `${reference} of agent "${agent}" is stored already`;
  if (shell.canAsk && !options.yes) {
    return confirmed(
      { shell, general: options },
      `${found}. Put the one that you give in its place?`,
    );
  }
  const { cure } = cureOf(need, chosenAfter(setup));
  shell.say(`${found} and stays; the one that was given is not used. To replace it: ${cure}`);
  return false;
}

/** @throws CommandFailure where older snapshots would be closed: a setup is no place for that. */
export async function expectSamePassphrases(
  { interview, entries }: Pick<Setup, 'interview' | 'entries'>,
  { parsed, agent: name, imported }: Sources,
): Promise<void> {
  const needs = needsOfAgent(parsed.config, name).filter(({ what }) => what.kind === 'passphrase');
  for (const { agent, scope, reference } of needs) {
    const fresh = imported[reference] ?? interview.answers.secrets?.[reference];
    const stored = fresh === undefined ? undefined : (await entries.read(agent, scope))[reference];
    if (stored && stored !== fresh) throw passphraseStored(agent, reference);
  }
}

function passphraseStored(agent: string, reference: string): CommandFailure {
  return new CommandFailure(
    (suggest) =>
      `${reference} of agent "${agent}" is stored already, with another value. ${replacementWarning} ` +
      `Leave it out here, or set it with ${suggest('secrets', 'set', reference, '--agent', agent, '--replace')} ` +
      'first. Nothing was written or deployed.',
    { code: 'passphrase-stored' },
  );
}

/** Whether it may be made, or be typed in by somebody who is there: a script is told of all at once. */
function isLate({ shell, interview }: Setup, { what }: SecretNeed): boolean {
  if (what.kind !== 'passphrase') return false;
  return shell.canAsk || interview.answers.generatePassphrase === true;
}

function order({ what }: SecretNeed): number {
  return what.kind === 'token' ? 1 : 0;
}

async function valueOf(
  setup: Setup,
  need: SecretNeed,
  parsed: ParsedConfig,
  pending: PendingSecrets,
): Promise<Fresh | undefined> {
  const { interview, shell, entries, target } = setup;
  const { reference, what, agent } = need;
  const given = interview.answers.secrets?.[reference];
  const offered = offeredHere(need, target.session);
  if (what.kind === 'passphrase') return passphraseFor(setup, reference);
  if (given === undefined && offered !== undefined) {
    return { value: await storedForm(what, offered) };
  }
  if (what.kind === 'token' && given === undefined && shell.canAsk) {
    shell.say(`Log in to ${what.provider} in your browser: its token becomes ${reference}.`);
    const site = { parsed, entries: { ...entries, read: pending.read.bind(pending) } };
    return { value: await freshToken(shell, site, need) };
  }
  const asked = await interview.secret(
    reference,
    `${reference}, for ${need.key} of ${agent} (it is not shown):`,
  );
  return asked === undefined ? undefined : { value: await storedForm(what, asked) };
}

/** With `--local`, the logins of the folder and of the gateway on this machine. */
function offeredHere(
  { reference }: SecretNeed,
  session: Setup['target']['session'],
): string | undefined {
  if (reference === 'CLOUD_PASSWORD') return session?.cloudPassword;
  return reference === 'WEBHOOK_TOKEN' ? session?.hooksToken : undefined;
}

async function passphraseFor(
  { interview, shell }: Setup,
  reference: string,
): Promise<Fresh | undefined> {
  const { generatePassphrase: wanted, acceptWeak = false } = interview.answers;
  const given = interview.answers.secrets?.[reference];
  if (given !== undefined) {
    await refuseWeak(given, acceptWeak);
    shell.say(passphraseWarning);
    return { value: given };
  }
  if (wanted === true) return made();
  if (!shell.canAsk) {
    await interview.secret(reference, '');
    return undefined;
  }
  return typedPassphrase(shell, acceptWeak);
}

async function typedPassphrase(shell: Setup['shell'], acceptWeak: boolean): Promise<Fresh> {
  for (;;) {
    const typed = await askSecret('Passphrase for the snapshots (Enter: let one be made):');
    if (typed === '') return made();
    const { isWeak, advice } = await strengthOf(typed);
    if (isWeak && !acceptWeak) shell.say(advice);
    else if ((await askSecret('The same again:')) !== typed) shell.say('They are not the same.');
    else {
      shell.say(passphraseWarning);
      return { value: typed };
    }
  }
}

function made(): Fresh {
  return { value: generatePassphrase(), isMade: true };
}

/** Stores what is not stored yet. A passphrase that was made is shown as soon as it is kept. */
export async function storeFresh(
  { shell, entries }: Pick<Setup, 'shell' | 'entries'>,
  secrets: PendingSecrets,
): Promise<void> {
  for (const { place, value, isMade } of secrets.fresh()) {
    await entries.set(place, value);
    if (isMade) shell.say(`The passphrase, shown once: ${value}\n${passphraseWarning}`);
  }
  const names = secrets.fresh().map(({ place }) => place.reference);
  if (names.length > 0) shell.say(`Stored ${names.join(', ')} in Secrets Manager.`);
}
