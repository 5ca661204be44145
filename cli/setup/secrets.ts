import type { ParsedConfig } from '../../functions/shared/config/index.ts';
import { freshToken } from '../authorize/authorize.ts';
import { CommandFailure } from '../failure.ts';
import type { SecretPlace } from '../secrets/entries.ts';
import { secretNeeds, type SecretNeed } from '../secrets/needs.ts';
import { generatePassphrase, passphraseWarning, strengthOf } from '../secrets/passphrase.ts';
import { askSecret } from '../output/ask.ts';
import { replacementWarning } from '../secrets/replacement.ts';
import { refuseWeak, storedForm } from '../secrets/value.ts';
import type { Setup } from './setup.ts';

/** Secrets that are known and not stored yet, over those that are stored. */
export class PendingSecrets {
  readonly #fresh = new Map<string, { place: SecretPlace; value: string }>();
  readonly #setup: Pick<Setup, 'entries'>;

  constructor(setup: Pick<Setup, 'entries'>) {
    this.#setup = setup;
  }

  /** Keeps a value, in the form in which it will be stored. */
  add({ agent, scope, reference }: SecretPlace, value: string): void {
    const place = { agent, scope, reference };
    this.#fresh.set(`${agent}/${scope}/${reference}`, { place, value });
  }

  /** What is to be stored. */
  fresh(): { place: SecretPlace; value: string }[] {
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

/** What a gathering takes into account. */
export interface Sources {
  parsed: ParsedConfig;
  /** Secrets that stood in an imported file, in the form in which they are stored. */
  imported: Record<string, string>;
}

/**
 * Gets secrets that the configuration needs and that are not stored yet: the passphrase alone, which
 * may be made and shown once and so comes after all that can fail, or the others.
 */
export async function gatherSecrets(
  setup: Setup,
  pending: PendingSecrets,
  which: 'passphrase' | 'others',
  { parsed, imported }: Sources,
): Promise<void> {
  // Tokens come last: the secret of an app has to be known before one is asked for.
  const needs = secretNeeds(parsed.config)
    .filter((need) => isLate(setup, need) === (which === 'passphrase'))
    .sort((a, b) => order(a) - order(b));
  for (const need of needs) {
    const { interview } = setup;
    const stored = (await pending.read(need.agent, need.scope))[need.reference];
    const isGiven = interview.answers.secrets?.[need.reference] !== undefined;
    const taken = imported[need.reference];
    if (taken !== undefined) pending.add(need, taken);
    else if (stored === undefined || isGiven) {
      const value = await valueOf(setup, need, parsed, pending);
      if (value !== undefined) pending.add(need, value);
    }
  }
}

/** @throws CommandFailure where older snapshots would be closed: a setup is no place for that. */
export async function expectSamePassphrases(
  { interview, entries }: Pick<Setup, 'interview' | 'entries'>,
  { parsed, imported }: Sources,
): Promise<void> {
  const needs = secretNeeds(parsed.config).filter(({ what }) => what.kind === 'passphrase');
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
): Promise<string | undefined> {
  const { interview, shell, entries, target } = setup;
  const { reference, what, agent } = need;
  const given = interview.answers.secrets?.[reference];
  const offered = offeredHere(need, target.session);
  if (what.kind === 'passphrase') return passphraseFor(setup, reference);
  if (given === undefined && offered !== undefined) return storedForm(what, offered);
  if (what.kind === 'token' && given === undefined && shell.canAsk) {
    shell.say(`Log in to ${what.provider} in your browser: its token becomes ${reference}.`);
    const site = { parsed, entries: { ...entries, read: pending.read.bind(pending) } };
    return freshToken(shell, site, need);
  }
  const asked = await interview.secret(
    reference,
    `${reference}, for ${need.key} of ${agent} (it is not shown):`,
  );
  return asked === undefined ? undefined : storedForm(what, asked);
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
): Promise<string | undefined> {
  const { generatePassphrase: wanted, acceptWeak = false } = interview.answers;
  const given = interview.answers.secrets?.[reference];
  if (given !== undefined) {
    await refuseWeak(given, acceptWeak);
    shell.say(passphraseWarning);
    return given;
  }
  if (wanted === true) return shown(shell);
  if (!shell.canAsk) return interview.secret(reference, '');
  return typedPassphrase(shell, acceptWeak);
}

async function typedPassphrase(shell: Setup['shell'], acceptWeak: boolean): Promise<string> {
  for (;;) {
    const typed = await askSecret('Passphrase for the snapshots (Enter: let one be made):');
    if (typed === '') return shown(shell);
    const { isWeak, advice } = await strengthOf(typed);
    if (isWeak && !acceptWeak) shell.say(advice);
    else if ((await askSecret('The same again:')) !== typed) shell.say('They are not the same.');
    else {
      shell.say(passphraseWarning);
      return typed;
    }
  }
}

function shown(shell: Setup['shell']): string {
  const passphrase = generatePassphrase();
  shell.say(`The passphrase, shown once: ${passphrase}\n${passphraseWarning}`);
  return passphrase;
}
