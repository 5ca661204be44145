import { clientsFor } from '../aws/clients.ts';
import { findDeployment, type Deployment } from '../aws/deployment.ts';
import { commandInQuotes } from '../command-line.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { confirmed } from '../output/ask.ts';
import { lookUp, missingText } from '../secrets/list.ts';
import { secretNeeds } from '../secrets/needs.ts';
import { openConfiguredSite, type Site } from '../secrets/site.ts';
import type { Shell } from '../shell.ts';
import { expectBootstrapped } from './bootstrapped.ts';
import { type Assembly, type CdkSettings, deployLocally, runCdk, withAssembly } from './cdk.ts';

/** What every command is told that runs the CDK. */
export interface CdkOptions extends General {
  /** Minutes. */
  timeout: number;
}

/** What the command line says beside the general options. */
export interface DeployOptions extends CdkOptions {
  /** Deploy though secrets are missing: they are read at run time. */
  withoutSecrets?: boolean;
}

/** Checks what can be checked before, shows what would change, and deploys. */
export async function deploy(
  shell: Shell,
  options: DeployOptions,
  passedThrough: string[] = [],
): Promise<ExitCode> {
  const site = openConfiguredSite(shell, options);
  for (const { key, message } of site.parsed.notices) shell.say(`${key}: ${message}`);
  await expectBootstrapped(site.target, options.profile);
  if (options.withoutSecrets !== true) await expectSecrets(site, options);
  const settings = cdkSettings(site, options, passedThrough);
  const deployed = await withAssembly(settings, async (assembly) => {
    const question = await showChanges(site, settings, assembly);
    if (!(await confirmed({ shell, general: options }, question, true))) return undefined;
    return deployAssembly(shell, site, settings, assembly);
  });
  if (!deployed) {
    shell.say('Nothing was deployed.');
    return exitCodes.skipped;
  }
  if (options.json) {
    shell.out(JSON.stringify({ deployment: deployed.name, outputs: deployed.outputs }, null, 2));
  } else {
    const [check, watch] = ['doctor', 'status'].map((word) => commandInQuotes([word], options));
    shell.say(`Deployed. ${check} checks it, ${watch} watches it.`);
  }
  return exitCodes.ok;
}

/** Shows how an assembly differs from what is deployed. @returns what to ask before it is, too. */
async function showChanges(site: Site, settings: CdkSettings, assembly: Assembly): Promise<string> {
  const isLocal = site.target.session !== undefined;
  const where = isLocal ? 'to the emulator' : `as ${site.deployment}`;
  if (!(await existing(site))) return `Deploy it ${where}?`;
  // The emulator's change sets say no more than the templates do, and take long.
  await runCdk('diff', isLocal ? ['--method=template'] : [], settings, assembly);
  return `Deploy these changes ${where}?`;
}

/** Deploys without a question, once all has been checked and asked. */
export async function deployNow(
  shell: Shell,
  site: Pick<Site, 'target' | 'deployment'>,
  settings: CdkSettings,
): Promise<Deployment> {
  return withAssembly(settings, (assembly) => deployAssembly(shell, site, settings, assembly));
}

async function deployAssembly(
  shell: Shell,
  site: Pick<Site, 'target' | 'deployment'>,
  settings: CdkSettings,
  assembly: Assembly,
): Promise<Deployment> {
  if (site.target.session) {
    shell.say('Deploying to the emulator …');
    await deployLocally(settings, assembly);
  } else {
    // What it would ask has been shown and answered.
    await runCdk('deploy', ['--all', '--require-approval=never'], settings, assembly);
  }
  return findDeployment(clientsFor(site.target).cloudFormation, site.deployment);
}

/** How the CDK is called for a site. */
export function cdkSettings(
  { target, file }: Pick<Site, 'target' | 'file'>,
  { timeout, profile, json }: Pick<CdkOptions, 'timeout' | 'profile' | 'json'>,
  passedThrough: string[] = [],
): CdkSettings {
  const timeoutMs = timeout * 60_000;
  return { target, configFile: file, profile, timeoutMs, passedThrough, quiet: json };
}

/** The deployment as it is now; `undefined` where there is none. */
export async function existing({
  target,
  deployment,
}: Pick<Site, 'target' | 'deployment'>): Promise<Deployment | undefined> {
  try {
    const found = await findDeployment(clientsFor(target).cloudFormation, deployment);
    // A first deployment that failed leaves a stack of its name with nothing in it.
    return found.outputs['StateBucketName'] === undefined ? undefined : found;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'no-deployment') return undefined;
    throw error;
  }
}

async function expectSecrets(
  { entries, parsed }: ReturnType<typeof openConfiguredSite>,
  options: DeployOptions,
) {
  const listed = await lookUp(entries, secretNeeds(parsed.config), options);
  const missing = listed.filter(({ isSet }) => !isSet);
  if (missing.length === 0) return;
  throw new CommandFailure(
    (suggest) =>
      `${missingText(missing)}\nWithout them runs would fail. To deploy all the same:\n` +
      `  ${suggest.onLine('deploy', '--without-secrets')}`,
    { code: 'secret-missing' },
  );
}
