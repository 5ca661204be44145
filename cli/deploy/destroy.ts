import { DeleteStackCommand, waitUntilStackDeleteComplete } from '@aws-sdk/client-cloudformation';
import { clientsFor } from '../aws/clients.ts';
import { findDeployment, type Deployment } from '../aws/deployment.ts';
import type { Target } from '../aws/target.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import { confirmedByWord } from '../output/ask.ts';
import { openConfiguredSite } from '../secrets/site.ts';
import type { Shell } from '../shell.ts';
import { type CdkSettings, runCdk, withAssembly } from './cdk.ts';
import { type CdkOptions, cdkSettings } from './deploy.ts';

/** What the command line says beside the general options. */
export interface DestroyOptions extends CdkOptions {
  /** The deployment's name, typed, for scripts: `--yes` alone is not enough. */
  confirm?: string;
}

/** Takes a deployment away, except for what holds anybody's files. */
export async function destroy(
  shell: Shell,
  options: DestroyOptions,
  passedThrough: string[] = [],
): Promise<ExitCode> {
  const site = openConfiguredSite(shell, options);
  const { target, deployment: name } = site;
  const deployment = await findDeployment(clientsFor(target).cloudFormation, name);
  shell.say(whatBecomes(deployment));
  if (!(await isConfirmed(shell, name, options))) {
    shell.say('Nothing was destroyed.');
    return exitCodes.skipped;
  }
  const settings = cdkSettings(site, options, passedThrough);
  await (target.session ? deleteLocally(target, deployment, settings) : destroyStacks(settings));
  const kept = keptBuckets(deployment);
  if (options.json) shell.out(JSON.stringify({ destroyed: name, kept }, null, 2));
  else shell.say(`Destroyed. These stay: ${kept.join(', ')}.`);
  return exitCodes.ok;
}

/** What goes and what stays, in words. */
function whatBecomes(deployment: Deployment): string {
  const kept = keptBuckets(deployment).map((bucket) => `  s3://${bucket}`);
  const scope = `workspace-sync/${deployment.name}/`;
  return `Destroying the deployment "${deployment.name}".

These go: the functions and their roles, schedules, queues with what waits in them, alarms and the event bus.
Nothing is synchronised, delivered or backed up any more.

These stay, and cost what they hold until you delete them yourself:
${kept.join('\n')}
  the secrets ${scope}…
  the cloud folder, with all that lies in it

A later deployment makes new buckets; docs/runbook.md says how snapshots of the old ones are restored.`;
}

function keptBuckets({ outputs }: Deployment): string[] {
  const names = ['Workspace', 'Exchange', 'Snapshot', 'State'].map(
    (which) => outputs[`${which}BucketName`],
  );
  return names.filter((name) => name !== undefined);
}

async function isConfirmed(
  shell: Shell,
  name: string,
  { confirm }: DestroyOptions,
): Promise<boolean> {
  if (confirm !== undefined) {
    if (confirm === name) return true;
    throw wrongUsage(`--confirm says "${confirm}", and the deployment is called "${name}".`);
  }
  return confirmedByWord(shell, {
    question: 'Destroy it?',
    word: name,
    option: `--confirm ${name}`,
  });
}

async function destroyStacks(settings: CdkSettings): Promise<void> {
  await withAssembly(settings, (assembly) =>
    runCdk('destroy', ['--all', '--force'], settings, assembly),
  );
}

/** The emulator deletes a stack by its name; what the CDK asks of it there, it does not have. */
async function deleteLocally(
  target: Target,
  { outputs, stack }: Deployment,
  { timeoutMs }: CdkSettings,
): Promise<void> {
  const { cloudFormation: client } = clientsFor(target);
  const stacks = (outputs['Stacks'] ?? stack).split(',');
  for (const StackName of stacks.toReversed()) {
    await client.send(new DeleteStackCommand({ StackName }));
    const maxWaitTime = Math.ceil(timeoutMs / 1000);
    await waitUntilStackDeleteComplete(
      { client, maxWaitTime, minDelay: 1, maxDelay: 2 },
      { StackName },
    );
  }
}
