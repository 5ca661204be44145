import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Job } from '../../functions/shared/contract/index.ts';
import { parseConfigText } from '../../functions/shared/config/index.ts';
import { output, type World } from '../../local/world.ts';
import { tools } from '../../local/paths.ts';
import { startFaultProxy, type Fault, type Passing } from '../fixtures/fault-proxy.ts';
import { givenFunction } from './world-assembly.ts';

/** How a handler's process ended. */
export interface HandlerEnd {
  killed: boolean;
  answer: unknown;
  /** Everything that it wrote. */
  text: string;
  requests: Passing[];
}

/** Runs a job's real bundle in a process of its own, in the environment of the deployed function. */
export class HandlerProcess {
  readonly #world: World;
  readonly #bundles = mkdtempSync(join(tmpdir(), 'workspace-sync-bundles-'));

  constructor(world: World) {
    this.#world = world;
  }

  /** Runs it; at the request for which `decide` names a fault, its whole process group is killed. */
  async run(
    job: Job,
    event: object,
    decide: (passing: Passing) => Fault = () => 'none',
    env: Record<string, string> = {},
  ): Promise<HandlerEnd> {
    let strike = (): void => undefined;
    const proxy = await startFaultProxy(this.#world.emulator.url, decide, () => {
      strike();
    });
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../fixtures/run-handler.mjs'),
        this.#bundle(job),
        JSON.stringify(event),
      ],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...(await this.#environment(job, proxy.url)),
          ...this.#world.emulator.env,
          PATH: process.env['PATH'],
          AWS_ENDPOINT_URL: proxy.url,
          RCLONE_BINARY: join(tools, 'bin', 'rclone'),
          ...env,
        },
      },
    );
    strike = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    }
    const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
      child.once('close', (_code, by) => {
        resolve(by);
      });
    });
    await proxy.stop();
    const found = /^#answer (.*)$/m.exec(text)?.[1];
    return {
      killed: signal === 'SIGKILL',
      answer: found === undefined ? undefined : JSON.parse(found),
      text,
      requests: proxy.passed,
    };
  }

  #bundle(job: Job): string {
    const folder = join(this.#bundles, job);
    if (!existsSync(folder)) {
      const { config } = parseConfigText(readFileSync(this.#world.configFile, 'utf8'), 'test');
      givenFunction(job, config.agents, folder);
    }
    return join(folder, 'index.mjs');
  }

  /** Queue URLs hold the emulator's address: they lead through the proxy, too. */
  async #environment(job: Job, proxyUrl: string): Promise<Record<string, string>> {
    const name = `${job.charAt(0).toUpperCase()}${job.slice(1)}FunctionName`;
    const answer = await this.#world.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: output(this.#world.outputs, name) }),
    );
    const emulator = this.#world.emulator.url;
    return Object.fromEntries(
      Object.entries(answer.Environment?.Variables ?? {}).map(([key, value]) => [
        key,
        value.replace(/^http:\/\/(127\.0\.0\.1|localhost):\d+/, (origin) =>
          new URL(origin).port === new URL(emulator).port ? proxyUrl : origin,
        ),
      ]),
    );
  }
}
