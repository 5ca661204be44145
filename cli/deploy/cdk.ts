import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as localDeploy from '../../local/deploy.ts';
import type * as localUnsupported from '../../local/unsupported.ts';
import type { Target } from '../aws/target.ts';
import { CommandFailure } from '../failure.ts';
import { projectRoot } from '../root.ts';

/** What every call of the CDK is made with. */
export interface CdkSettings {
  target: Target;
  /** The deployment's configuration. */
  configFile: string;
  profile?: string | undefined;
  /** How long it may take. */
  timeoutMs: number;
  /** Handed to the CDK as they are. */
  passedThrough: string[];
  /** Whether nothing but our own answer may stand on standard output. */
  quiet: boolean;
}

/** Templates and code as the CDK has synthesized them: a folder. */
export type Assembly = string;

/**
 * Synthesizes once for whatever is done with it: what is shown is what is deployed.
 * @throws CommandFailure where the CDK fails or takes too long.
 */
export async function withAssembly<T>(
  settings: CdkSettings,
  work: (assembly: Assembly) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-sync-cdk-'));
  const assembly = join(folder, 'cdk.out');
  try {
    await spawnCdk('synth', synthArguments(settings, assembly), settings);
    if (settings.target.session) await leaveOutUnsupported(assembly);
    return await work(assembly);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function synthArguments(
  { target, configFile, passedThrough }: CdkSettings,
  assembly: Assembly,
): string[] {
  const context = { config: resolve(configFile), ...(target.session ? localContext() : {}) };
  return [
    ...Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ...contextIn(passedThrough),
    `--output=${assembly}`,
    '--quiet',
    '--no-path-metadata',
  ];
}

/** What is handed to the CDK may have values for the context among it: they matter to a synthesis. */
function contextIn(passedThrough: string[]): string[] {
  return passedThrough.filter(
    (argument, index) =>
      /^(-c|--context)(=|$)/.test(argument) ||
      ['-c', '--context'].includes(passedThrough[index - 1] ?? ''),
  );
}

/**
 * Does with an assembly what a command of the CDK does, in this terminal.
 * @throws CommandFailure where it fails or takes too long.
 */
export async function runCdk(
  command: 'deploy' | 'destroy' | 'diff',
  args: string[],
  settings: CdkSettings,
  assembly: Assembly,
): Promise<void> {
  // Some options mean nothing to `diff`, which says so and goes on.
  await spawnCdk(command, [...args, `--app=${assembly}`, ...settings.passedThrough], settings);
}

/**
 * Runs the project's own CDK; with the emulator as the target, without any AWS settings of the
 * operator's.
 */
async function spawnCdk(command: string, args: string[], settings: CdkSettings): Promise<void> {
  const { target, timeoutMs, profile } = settings;
  const home = await mkdtemp(join(tmpdir(), 'workspace-sync-cdk-home-'));
  try {
    const child = spawn(
      join(projectRoot, 'node_modules', '.bin', 'cdk'),
      [
        command,
        ...args,
        ...(profile === undefined || target.session ? [] : [`--profile=${profile}`]),
        '--no-notices',
        '--no-version-reporting',
      ],
      {
        cwd: projectRoot,
        env: target.session ? localEnvironment(target, home) : ownEnvironment(target),
        // What it says on its standard output is on the way, not what was asked for.
        stdio: ['inherit', settings.quiet ? 2 : 'inherit', 'inherit'],
      },
    );
    const timer = setTimeout(() => child.kill('SIGTERM'), timeoutMs);
    const code = await new Promise<number | string>((done, failed) => {
      child.once('error', failed);
      child.once('exit', (exitCode, signal) => {
        done(exitCode ?? signal ?? 'unknown');
      });
    });
    clearTimeout(timer);
    if (code !== 0) throw cdkFailure(command, code, timeoutMs);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The emulator runs functions on this machine. */
function localContext(): Record<string, string> {
  return { local: 'true', architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64' };
}

function ownEnvironment({ env, client }: Target): NodeJS.ProcessEnv {
  const region = client.region === undefined ? {} : { AWS_DEFAULT_REGION: client.region };
  return { ...process.env, ...env, ...region, PATH: toolPath() };
}

/** No profile of the operator's may come into play, and nothing be remembered of the emulator. */
function localEnvironment({ env }: Target, folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') && !name.startsWith('CDK_'),
  );
  return {
    ...Object.fromEntries(inherited),
    ...env,
    AWS_DEFAULT_REGION: env['AWS_REGION'],
    PATH: toolPath(),
    CDK_HOME: join(folder, 'home'),
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** The Node that runs this comes before what the machine has: the CDK starts the app with it. */
function toolPath(): string {
  const own = [join(projectRoot, 'node_modules', '.bin'), join(process.execPath, '..')];
  return [...own, process.env['PATH'] ?? ''].join(delimiter);
}

function cdkFailure(command: string, code: number | string, timeoutMs: number): CommandFailure {
  const how =
    typeof code === 'number'
      ? `failed with exit code ${code}; what it says stands above`
      : `was stopped (${code}): it may take ${timeoutMs / 60_000} minutes, see --timeout. CloudFormation goes on by itself`;
  return new CommandFailure(`cdk ${command} ${how}.`, { code: `cdk-${command}` });
}

/** Deploys onto the emulator, and makes good what it drops from templates. */
export async function deployLocally(
  { target, configFile, timeoutMs }: CdkSettings,
  assembly: Assembly,
): Promise<void> {
  const { endpoint = '', region = '', credentials } = target.client;
  const { deploy } = await local<typeof localDeploy>('deploy.ts');
  const { accessKeyId = '', secretAccessKey = '' } = credentials ?? {};
  await deploy({
    emulator: {
      client: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
      env: { ...target.env, AWS_DEFAULT_REGION: region },
    },
    configFile: resolve(configFile),
    assembly,
    timeoutMs,
  });
}

async function leaveOutUnsupported(assembly: Assembly): Promise<void> {
  await (await local<typeof localUnsupported>('unsupported.ts')).leaveOutUnsupported(assembly);
}

/** By its address: what finds its files beside itself cannot be part of a bundle. */
async function local<Module>(file: string): Promise<Module> {
  return (await import(pathToFileURL(join(projectRoot, 'local', file)).href)) as Module;
}
