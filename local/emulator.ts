/** The local AWS emulator as a child process that leaves nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { toolPath, tools } from './paths.ts';
import { endGroup } from './process-group.ts';

/** The region and the account in which everything local lives. */
export const region = 'us-east-1';
export const account = '000000000000';

/**
 * The emulator takes the account from a key id of twelve digits. Another key id than a developer's
 * own also keeps the CDK, which remembers the account of each, from mixing them up.
 * The secret is the emulator's own: it is what it checks signed addresses by.
 */
export const credentials = { accessKeyId: account, secretAccessKey: 'test' };

export interface EmulatorOptions {
  /**
   * Added to the environment of the emulator, and with it to that of every function; or asked for
   * it, when it depends on where the emulator will be.
   */
  env?: Record<string, string> | ((url: string) => Promise<Record<string, string>>);
  /** How long it may take to answer; 60 s. */
  startTimeoutMs?: number;
}

export interface Emulator {
  url: string;
  region: string;
  credentials: typeof credentials;
  /** What an SDK client's constructor takes. */
  client: { endpoint: string; region: string; credentials: typeof credentials };
  /** The same for a child process. */
  env: Record<string, string>;
  pid: number;
  /** Goes away with `stop`. */
  logFile: string;
  /** Forgets every resource and object. */
  reset: () => Promise<void>;
  /** Ends it and its functions' processes, and removes its files. */
  stop: () => Promise<void>;
}

/** Starts an emulator of one's own on a free port and waits until it answers. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const python = join(tools, 'emulator', 'bin', 'python');
  if (!existsSync(python)) {
    throw new Error('The local AWS emulator is not installed: run "npm run prepare-tools".');
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const extra = typeof options.env === 'function' ? await options.env(url) : options.env;
  const folder = await prepareFolder();
  const child = launch(python, folder, emulatorEnvironment(folder, port, extra));
  const emulator = describe(child, folder, url);
  try {
    await untilHealthy(child, emulator, options.startTimeoutMs ?? 60_000);
  } catch (error) {
    await emulator.stop();
    throw error;
  }
  return emulator;
}

/** `tmp` must not lie under a package.json that makes its files ES modules. */
async function prepareFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-sync-emulator-'));
  for (const name of ['cwd', 'home', 's3', 'state', 'tmp']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'tmp', 'package.json'), '{}\n');
  return folder;
}

/** Nothing of the caller's environment reaches a function, least of all real credentials. */
function emulatorEnvironment(
  folder: string,
  port: number,
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    PATH: toolPath(),
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    LAMBDA_EXECUTOR: 'local',
    TMPDIR: join(folder, 'tmp'),
    STATE_DIR: join(folder, 'state'),
    S3_DATA_DIR: join(folder, 's3'),
    ...extra,
  };
}

function launch(python: string, folder: string, env: Record<string, string>): ChildProcess {
  const guard = fileURLToPath(new URL('emulator-guard.py', import.meta.url));
  const log = openSync(join(folder, 'emulator.log'), 'a');
  try {
    return spawn(python, [guard, folder], {
      cwd: join(folder, 'cwd'),
      env,
      detached: true,
      stdio: ['pipe', log, log],
    });
  } finally {
    closeSync(log);
  }
}

function describe(child: ChildProcess, folder: string, url: string): Emulator {
  return {
    url,
    region,
    credentials,
    client: { endpoint: url, region, credentials },
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    pid: child.pid ?? -1,
    logFile: join(folder, 'emulator.log'),
    reset: async () => {
      const response = await fetch(`${url}/_ministack/reset`, { method: 'POST' });
      if (!response.ok) throw new Error(`The emulator could not be reset: ${response.status}`);
    },
    stop: async () => {
      await endGroup(child, 12_000);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function untilHealthy(
  child: ChildProcess,
  { url, logFile }: Emulator,
  withinMs: number,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  let spawnError: Error | undefined;
  child.once('error', (error) => {
    spawnError = error;
  });
  while (!(await isHealthy(url))) {
    const ended = spawnError?.message ?? child.exitCode ?? child.signalCode;
    if (ended !== null || Date.now() > deadline) {
      const reason = ended === null ? `did not answer within ${withinMs} ms` : `ended (${ended})`;
      throw new Error(`The local AWS emulator ${reason}. Its log ends:\n${await tail(logFile)}`);
    }
    await sleep(50);
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(2_000);
    return (await fetch(`${url}/_ministack/health`, { signal })).ok;
  } catch {
    return false;
  }
}

async function tail(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-25).join('\n');
}
