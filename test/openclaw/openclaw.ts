/** The published OpenClaw, in a home of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { binaries, root, tools } from '../../local/paths.ts';
import { endGroup } from '../../local/process-group.ts';
import { until } from '../fixtures/until.ts';

const program = join(tools, 'openclaw', 'node_modules', 'openclaw', 'openclaw.mjs');

/** What a command has said, and how it ended. */
export interface Told {
  code: number;
  stdout: string;
  stderr: string;
}

/** A home directory with an OpenClaw that nobody has used, removed when it goes out of scope. */
export class Home implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'openclaw-home-'));
  readonly state = join(this.folder, '.openclaw');
  readonly workspace = join(this.state, 'workspace');
  /** Comes first on the PATH of every command, and of the gateway. */
  readonly bin = join(this.folder, 'bin');
  #gateway: ChildProcess | undefined;

  constructor(config: object) {
    for (const folder of [this.workspace, this.bin]) mkdirSync(folder, { recursive: true });
    writeFileSync(this.configFile, JSON.stringify(config));
  }

  get configFile(): string {
    return join(this.state, 'openclaw.json');
  }

  config(): Record<string, unknown> {
    return JSON.parse(readFileSync(this.configFile, 'utf8')) as Record<string, unknown>;
  }

  /** Nothing of the caller's environment: no credentials, and no OpenClaw of its own. */
  environment(env: Record<string, string> = {}): Record<string, string> {
    return {
      PATH: [this.bin, binaries, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
      HOME: this.folder,
      TMPDIR: this.folder,
      OPENCLAW_DISABLE_BONJOUR: '1',
      ...env,
    };
  }

  /** Runs `openclaw` with these words, from the root of the project. */
  openclaw(words: string[], env: Record<string, string> = {}): Promise<Told> {
    const options = { cwd: root, env: this.environment(env), timeout: 100_000 };
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...words], options, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 1;
        resolve({ code: error ? code : 0, stdout, stderr });
      });
    });
  }

  /** Runs a line of a guide in a shell, from the root of the project. */
  shell(line: string): Promise<Told> {
    const command = join(this.bin, 'openclaw');
    const script = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    writeFileSync(command, script, { mode: 0o755 });
    const options = { cwd: root, env: this.environment(), timeout: 100_000 };
    return new Promise((resolve) => {
      execFile('/bin/sh', ['-ec', line], options, (error, stdout, stderr) => {
        resolve({ code: error ? 1 : 0, stdout, stderr });
      });
    });
  }

  /** Starts the gateway on the port of the configuration, and waits until it takes work. */
  async startGateway(port: number, env: Record<string, string> = {}): Promise<void> {
    const log = openSync(this.logFile, 'a');
    this.#gateway = spawn(process.execPath, [program, 'gateway', 'run'], {
      cwd: this.folder,
      env: this.environment(env),
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const isReady = async (): Promise<boolean> => {
      const ended = this.#gateway?.exitCode ?? undefined;
      if (ended !== undefined) throw new Error(`the gateway ended:\n${this.log()}`);
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return answer?.status === 200;
    };
    await until('the gateway to be ready', isReady, 120_000).catch((error: unknown) => {
      throw new Error(this.log(), { cause: error });
    });
  }

  get logFile(): string {
    return join(this.folder, 'gateway.log');
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gateway) await endGroup(this.#gateway, 10_000);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The lines of a page's code block that has this line in it. */
export function guideLines(page: string, having: string): string {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/```bash\n([\s\S]*?)```/g);
  for (const [, block = ''] of blocks) if (block.includes(having)) return block;
  throw new Error(`${page} has no block with "${having}"`);
}
