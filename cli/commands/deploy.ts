import { Command, InvalidArgumentError } from 'commander';
import type { DeployOptions } from '../deploy/deploy.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync deploy`. */
export function deployCommand({ shell, exit }: Made): Command {
  const command = cdkCommand('deploy')
    .summary('check the configuration and deploy it')
    .description('Check the configuration, show what would change in AWS, and deploy it.')
    .option('--without-secrets', 'deploy though secrets are missing')
    .addHelpText(
      'after',
      `
Before anything changes, the configuration is checked, and whether every secret is set and the
account is prepared for the CDK. For a deployment that exists, the differences are shown and asked
about. It is "cdk deploy" of the project's own CDK.

Examples:
  workspace-sync deploy
  workspace-sync deploy --yes --profile home --region eu-central-1
  workspace-sync deploy -- --hotswap-fallback`,
    )
    .action(async (passedThrough: string[], options: DeployOptions) => {
      const { deploy } = await import('../deploy/deploy.ts');
      exit(await deploy(shell, options, passedThrough));
    });
  return withGeneral(command);
}

/** A command that runs the one of the CDK with its name. */
export function cdkCommand(name: 'deploy' | 'destroy'): Command {
  return new Command(name)
    .argument('[cdk-options...]', `handed to "cdk ${name}" as they are, after --`)
    .option('--timeout <minutes>', 'how long it may take', minutes, 60);
}

/** A number of minutes on the command line. */
export function minutes(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It is a number of minutes above 0.');
}
