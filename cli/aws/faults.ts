import { messageOf } from '../../functions/shared/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Chosen } from '../command-line.ts';
import { CommandFailure, type Told } from '../failure.ts';

/** What AWS's SDK throws, as far as it is looked at. */
interface Fault {
  name: string;
  message: string;
  code?: unknown;
}

/** What somebody has to know of a fault, with commands for what they have chosen. */
export function wordsFor(error: unknown, chosen: Chosen): string {
  const fault = explainFault(error);
  if (fault) return fault.messageFor(chosen);
  return messageOf(error);
}

/**
 * The faults that people meet, with their cures. Anything else is `undefined`: it is shown as it is.
 */
export function explainFault(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (!(error instanceof Error)) return undefined;
  const fault: Fault = error;
  const found = cures.find(({ when }) => when(fault));
  if (!found) return undefined;
  const { what, cure, code } = found;
  return new CommandFailure(
    (suggest) =>
      `${what} ${typeof cure === 'string' ? cure : cure(suggest)}\n(AWS says: ${fault.message})`,
    { code, exitCode: exitCodes.unreachable },
  );
}

const cures: { code: string; when: (fault: Fault) => boolean; what: string; cure: Told }[] = [
  {
    code: 'no-credentials',
    when: ({ name, message }) =>
      name === 'CredentialsProviderError' || message.includes('Could not load credentials'),
    what: 'There are no AWS credentials.',
    cure: (suggest) =>
      `Log in (${suggest.aws('sso', 'login')}, ${suggest.aws('configure')}), or name a profile with --profile.`,
  },
  {
    code: 'expired-credentials',
    when: ({ name }) => /^(?:ExpiredToken|ExpiredTokenException|RequestExpired)$/.test(name),
    what: 'The AWS credentials have expired.',
    cure: (suggest) => `Log in again, for instance with ${suggest.aws('sso', 'login')}.`,
  },
  {
    code: 'bad-credentials',
    when: ({ name }) =>
      /^(?:InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure)$/.test(
        name,
      ),
    what: 'AWS does not know these credentials.',
    cure: (suggest) =>
      `Check the profile (--profile) and ${suggest.aws('sts', 'get-caller-identity')}.`,
  },
  {
    code: 'no-region',
    when: ({ message }) => message.includes('Region is missing'),
    what: 'No AWS region is set.',
    cure: 'Name it with --region, AWS_REGION, or in the profile.',
  },
  {
    code: 'access-denied',
    when: ({ name }) => /^AccessDenied(?:Exception)?$/.test(name),
    what: 'These AWS credentials may not do that.',
    cure: 'docs/cli.md lists the permissions that the command needs.',
  },
  {
    code: 'no-connection',
    when: ({ code }) =>
      /^(?:ECONNREFUSED|ENOTFOUND|ECONNRESET|ETIMEDOUT|EAI_AGAIN)$/.test(String(code)),
    what: 'AWS cannot be reached.',
    cure: 'Check the network; with --local, whether "npm start" is still running.',
  },
];
