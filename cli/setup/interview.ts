import { wrongUsage } from '../failure.ts';
import { answered, askSecret } from '../output/ask.ts';
import type { Shell } from '../shell.ts';
import type { Answers } from './answers.ts';

/** Whether an answer will do: true, or what is wrong with it. */
export type Check = (answer: string) => true | string | Promise<true | string>;

type Name = keyof Answers;

/**
 * Asks what has not been answered already. Without a terminal it collects what is missing instead,
 * so that a script is told of everything at once.
 */
export class Interview {
  readonly answers: Answers;
  readonly #shell: Shell;
  readonly #isAsking: boolean;
  readonly #missing: string[] = [];

  constructor(shell: Shell, answers: Answers, { yes }: { yes: boolean }) {
    this.#shell = shell;
    this.answers = answers;
    this.#isAsking = shell.canAsk && !yes;
  }

  /** Whether a person is there to be asked. */
  get canAsk(): boolean {
    return this.#shell.canAsk;
  }

  /** A text; `initial` is what Enter means, and what a script gets that says nothing. */
  async text(
    name: Name,
    message: string,
    { initial, check = () => true }: { initial?: string | undefined; check?: Check } = {},
  ): Promise<string> {
    const given = this.answers[name];
    if (typeof given === 'string') return this.#checked(name, given, check);
    if (!this.#isAsking && initial !== undefined) return this.#checked(name, initial, check);
    if (!this.canAsk) return this.#lacking(name);
    const standard = initial === undefined ? { required: true } : { default: initial };
    const asked = { message, validate: check, ...standard };
    return (await answered(({ input }, where) => input(asked, where))).trim();
  }

  /** One of some words. */
  async choice<T extends string>(
    name: Name,
    message: string,
    choices: { value: T; name: string }[],
    initial?: T,
  ): Promise<T> {
    const given = this.answers[name];
    const chosen = choices.find(({ value }) => value === given);
    if (chosen) return chosen.value;
    if (!this.#isAsking && initial !== undefined) return initial;
    if (!this.canAsk) {
      this.#lacking(name);
      throw this.#complaint();
    }
    const standard = initial === undefined ? {} : { default: initial };
    return answered(({ select }, where) => select({ message, choices, ...standard }, where));
  }

  /** A number. */
  async number(name: Name, message: string, initial: number, check: Check): Promise<number> {
    const given = this.answers[name];
    if (typeof given === 'number') return Number(await this.#checked(name, String(given), check));
    return Number(await this.text(name, message, { initial: String(initial), check }));
  }

  /** A yes or a no. */
  async yes(name: Name, message: string, initial: boolean): Promise<boolean> {
    const given = this.answers[name];
    if (typeof given === 'boolean') return given;
    if (!this.#isAsking) return initial;
    return answered(({ confirm }, where) => confirm({ message, default: initial }, where));
  }

  /** A secret, by the name of its reference; `undefined` where there is none and nobody to ask. */
  async secret(reference: string, message: string): Promise<string | undefined> {
    const given = this.answers.secrets?.[reference];
    if (given !== undefined) return given;
    if (this.canAsk) return askSecret(message);
    this.#missing.push(`secrets.${reference}`);
    return undefined;
  }

  /** @throws CommandFailure that names everything that nobody has answered. */
  expectComplete(): void {
    if (this.#missing.length > 0) throw this.#complaint();
  }

  async #checked(name: Name, answer: string, check: Check): Promise<string> {
    const verdict = await check(answer);
    if (verdict === true) return answer;
    throw wrongUsage(`${optionOf(name)}: ${verdict}`);
  }

  #lacking(name: Name): '' {
    this.#missing.push(named(name));
    return '';
  }

  #complaint(): Error {
    return wrongUsage(
      `There is no terminal to ask in, and these answers are missing: ${this.#missing.join(', ')}. ` +
        'Give them by options, or in a file: --answers <file.json>.',
    );
  }
}

/** A question as answers and options name it. */
export function named(name: Name): string {
  return `${name} (${optionOf(name)})`;
}

/** The option that answers a question. */
function optionOf(name: Name): string {
  return `--${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}

/** Takes what fits a pattern, and says what would. */
export function matching(pattern: RegExp, allowed: string): Check {
  return (given) => (pattern.test(given) ? true : `It can be: ${allowed}`);
}
