import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Target } from '../aws/target.ts';
import { quotedLine } from '../command-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';

/** Where `cdk bootstrap` says that it has been there. */
const parameter = '/cdk-bootstrap/hnb659fds/version';

/** Whose credentials these are. @throws what AWS answers. */
export async function identity({ client }: Target): Promise<{ account: string; arn: string }> {
  const { Account = '', Arn = '' } = await new STSClient(client).send(
    new GetCallerIdentityCommand({}),
  );
  return { account: Account, arn: Arn };
}

/** The version of the CDK's bootstrap in this account and region; `undefined` where there is none. */
export async function bootstrapVersion({ client }: Target): Promise<number | undefined> {
  try {
    const ssm = new SSMClient(client);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameter }));
    return Number(Parameter?.Value);
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

/** The region that the SDK's ordinary chain finds. */
export async function regionOf({ client }: Target): Promise<string> {
  return new STSClient(client).config.region();
}

/** How an account is bootstrapped. */
export function bootstrapCommand(account: string, region: string, profile?: string): string {
  const by = profile === undefined ? [] : ['--profile', profile];
  return quotedLine(['npx', 'cdk', 'bootstrap', `aws://${account}/${region}`, ...by]);
}

/** @throws CommandFailure where the CDK has nothing to deploy with. */
export async function expectBootstrapped(target: Target, profile?: string): Promise<void> {
  if ((await bootstrapVersion(target)) !== undefined) return;
  const [{ account }, region] = await Promise.all([identity(target), regionOf(target)]);
  throw new CommandFailure(
    `Account ${account} is not prepared for the CDK in ${region}. Once for each account and region, run ` +
      `in the project's folder:\n  ${bootstrapCommand(account, region, profile)}`,
    { code: 'not-bootstrapped', exitCode: exitCodes.unreachable },
  );
}
