import { awsCommandLine, commandInQuotes, commandLine, type Chosen } from './command-line.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';

/** Makes a command of ours, as it stands in a sentence, or by itself on a line. */
export interface Suggest {
  (...words: string[]): string;
  onLine(...words: string[]): string;
  /** A command of the AWS CLI, in a sentence. */
  aws(...words: string[]): string;
}

/**
 * A message, or how it is made of the commands that it suggests: who throws it rarely knows which
 * options they have to repeat.
 */
export type Told = string | ((suggest: Suggest) => string);

/**
 * Something that the person has to know and can do something about. Its message says what is wrong
 * and what to do; it is shown without a stack.
 */
export class CommandFailure extends Error {
  /** Stable, kebab-case: what `--json` shows beside the message. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What `--json` shows besides, such as what was done before. */
  readonly facts: Record<string, unknown>;
  readonly #told: Told;

  constructor(
    told: Told,
    {
      code,
      exitCode = exitCodes.failed,
      facts = {},
    }: { code: string; exitCode?: ExitCode; facts?: Record<string, unknown> },
  ) {
    super(inWords(told, {}));
    this.name = 'CommandFailure';
    this.code = code;
    this.exitCode = exitCode;
    this.facts = facts;
    this.#told = told;
  }

  /** The message, with commands for what the person has chosen. */
  messageFor(chosen: Chosen): string {
    return inWords(this.#told, chosen);
  }
}

/** A text whose commands repeat what the person has chosen. */
export function inWords(told: Told, chosen: Chosen): string {
  if (typeof told === 'string') return told;
  const suggest = (...words: string[]): string => commandInQuotes(words, chosen);
  const onLine = (...words: string[]): string => commandLine(words, chosen);
  const account = { client: {}, env: profileOf(chosen) };
  const aws = (...words: string[]): string => `"${awsCommandLine(words, account)}"`;
  return told(Object.assign(suggest, { onLine, aws }));
}

function profileOf({ profile }: Chosen): Record<string, string> {
  return profile === undefined ? {} : { AWS_PROFILE: profile };
}

/** The command line is wrong: nothing was done. */
export function wrongUsage(told: Told): CommandFailure {
  return new CommandFailure(told, { code: 'usage', exitCode: exitCodes.usage });
}
