import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';

/** What AWS's SDK throws, as far as it is looked at. */
interface Fault {
  name: string;
  message: string;
  code?: unknown;
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
  return new CommandFailure(`${found.what} ${found.cure}\n(AWS says: ${fault.message})`, {
    code: found.code,
    exitCode: exitCodes.unreachable,
  });
}

const cures: { code: string; when: (fault: Fault) => boolean; what: string; cure: string }[] = [
  {
    code: 'no-credentials',
    when: ({ name, message }) =>
      name === 'CredentialsProviderError' || message.includes('Could not load credentials'),
    what: 'There are no AWS credentials.',
    cure: 'Log in ("aws sso login", "aws configure"), or name a profile with --profile.',
  },
  {
    code: 'expired-credentials',
    when: ({ name }) => /^(?:ExpiredToken|ExpiredTokenException|RequestExpired)$/.test(name),
    what: 'The AWS credentials have expired.',
    cure: 'Log in again, for instance with "aws sso login".',
  },
  {
    code: 'bad-credentials',
    when: ({ name }) =>
      /^(?:InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure)$/.test(
        name,
      ),
    what: 'AWS does not know these credentials.',
    cure: 'Check the profile (--profile) and "aws sts get-caller-identity".',
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
