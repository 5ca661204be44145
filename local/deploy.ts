/** Deploys with the real CDK command line onto the emulator. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Emulator } from './emulator.ts';
import { binaries, root, toolPath } from './paths.ts';
import { hasExited, signalGroup } from './process-group.ts';
import { type Reapplied, reapplyDropped } from './reapply.ts';
import { leaveOutUnsupported } from './unsupported.ts';

/** The values of CDK's context, as `-c key=value` would give them. */
export type Context = Record<string, string>;

/** Writes a cloud assembly into a folder. */
export type Synthesize = (assembly: string, context: Context) => void | Promise<void>;

export interface DeployOptions {
  emulator: Pick<Emulator, 'client' | 'env'>;
  /** Path of the deployment's configuration; becomes the context value `config`. */
  configFile: string;
  /** More context values. */
  context?: Context;
  /** What to deploy; when not given, the CDK starts the app that cdk.json names. */
  synthesize?: Synthesize | undefined;
  /** What to deploy, where that has been synthesized before. */
  assembly?: string;
  /** Where the outputs are kept as JSON, for people; a private file when not given. */
  outputsFile?: string;
  /** 240 s. */
  timeoutMs?: number;
  /** The folder with cdk.json; the checkout. */
  project?: string;
}

export interface Deployment {
  /** By stack, then by the output's name. */
  outputs: Record<string, Record<string, string>>;
  /** What the emulator had dropped from the templates and was set through the API afterwards. */
  reapplied: Reapplied[];
}

/** Synthesizes and deploys every stack, then makes good what the emulator drops. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-sync-deploy-'));
  const assembly = options.assembly ?? join(folder, 'cdk.out');
  const outputsFile = options.outputsFile ?? join(folder, 'outputs.json');
  try {
    await mkdir(join(folder, 'home'));
    if (options.assembly === undefined) await synthesizeTo(assembly, options, folder);
    await leaveOutUnsupported(assembly);
    const what = [`--outputs-file=${outputsFile}`, `--app=${assembly}`];
    await runCdk(options, folder, [...deployArguments, ...what]);
    const reapplied = await reapplyDropped(options.emulator, assembly);
    return { outputs: await readOutputs(outputsFile), reapplied };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function synthesizeTo(
  assembly: string,
  options: DeployOptions,
  folder: string,
): Promise<void> {
  const context = { config: options.configFile, local: 'true', ...options.context };
  const synthesize: Synthesize =
    options.synthesize ??
    (() => runCdk(options, folder, ['synth', ...quietly, ...theApp(assembly, context)]));
  await synthesize(assembly, context);
}

const quietly = ['--quiet', '--no-notices', '--no-version-reporting', '--no-path-metadata'];

const deployArguments = [
  'deploy',
  '--all',
  '--require-approval=never',
  '--method=direct',
  '--no-notices',
  '--progress=events',
];

function theApp(assembly: string, context: Context): string[] {
  const values = Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return [`--output=${assembly}`, ...values];
}

async function runCdk(options: DeployOptions, folder: string, args: string[]): Promise<void> {
  const child = spawn(join(binaries, 'cdk'), args, {
    cwd: options.project ?? root,
    env: cdkEnvironment(options.emulator, folder),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  }
  child.on('error', (error) => said.push(error.message));
  const killWithUs = (): void => void signalGroup(child, 'SIGKILL');
  process.once('exit', killWithUs);
  const timeoutMs = options.timeoutMs ?? 240_000;
  const exited = await hasExited(child, timeoutMs);
  killWithUs();
  process.off('exit', killWithUs);
  if (exited && child.exitCode === 0) return;
  const how = exited
    ? `failed (${child.exitCode ?? child.signalCode ?? 'not started'})`
    : `was stopped after ${timeoutMs} ms`;
  throw new Error(
    `cdk ${args[0] ?? ''} ${how}:\n${said.join('').trimEnd().split('\n').slice(-60).join('\n')}`,
  );
}

/** The caller's environment without its AWS settings: no profile of theirs may come into play. */
function cdkEnvironment(
  emulator: DeployOptions['emulator'],
  folder: string,
): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') && !name.startsWith('CDK_'),
  );
  return {
    ...Object.fromEntries(inherited),
    ...emulator.env,
    PATH: toolPath(),
    CI: '1',
    CDK_HOME: join(folder, 'home'),
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

async function readOutputs(file: string): Promise<Deployment['outputs']> {
  return JSON.parse(await readFile(file, 'utf8')) as Deployment['outputs'];
}
