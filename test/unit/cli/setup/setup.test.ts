import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exitCodes } from '../../../../cli/exit-codes.ts';
import type { Answers } from '../../../../cli/setup/answers.ts';
import { setup } from '../../../../cli/setup/setup.ts';
import { givenStacks } from '../stacks.ts';
import { givenShell } from '../shell.ts';

type Json = Record<string, unknown>;

/** The configurations that were deployed. */
const deployed: Json[] = [];
vi.mock('../../../../cli/deploy/deploy.ts', async (original) => ({
  ...(await original<object>()),
  deployNow(_shell: unknown, _site: unknown, { configFile }: { configFile: string }) {
    deployed.push(jsonIn(configFile));
    return Promise.resolve();
  },
}));

const jsonIn = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workspace-sync-setup-'));
  file = join(folder, 'workspace-sync.json');
  deployed.length = 0;
  mockClient(SSMClient)
    .on(GetParameterCommand)
    .resolves({ Parameter: { Value: '21' } });
  givenSchedules([]);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A deployment "home" that syncs these agents by schedules. */
function givenSchedules(agents: string[]): void {
  const outputs = { Agents: 'main', StateBucketName: 'state', ScheduleGroupName: 'group' };
  givenStacks({ 'WorkspaceSync-home': outputs, 'WorkspaceSync-work': outputs });
  const client = mockClient(SchedulerClient);
  client.on(ListSchedulesCommand).resolves({ Schedules: agents.map((Name) => ({ Name })) });
  client.on(GetScheduleCommand).callsFake(({ Name }: { Name: string }) => ({
    Target: { Input: JSON.stringify({ job: 'sync', agent: Name }) },
  }));
}

const main = {
  sync: { provider: 's3', mode: 'mirror', interval: 600, s3: { bucket: 'shared' } },
  backup: { enabled: true, provider: 's3', retain: 3 },
  webhook: { url: 'https://gateway.example/hooks', agentId: 'ann', token: '${HOOKS}' },
};

function givenFile(agents: Json = { main }, more: Json = {}): void {
  writeFileSync(file, JSON.stringify({ deployment: 'home', agents, ...more }));
}

function givenImport(sync: Json = { provider: 's3', mode: 'mirror', s3: { bucket: 'b' } }): string {
  const path = join(folder, 'openclaw.json');
  const config = { sync };
  writeFileSync(
    path,
    JSON.stringify({ plugins: { entries: { 'openclaw-workspace-sync': { config } } } }),
  );
  return path;
}

/** A program in the place of rclone that finds an empty folder. */
function givenRclone(): NodeJS.ProcessEnv {
  const RCLONE_BINARY = join(folder, 'rclone');
  writeFileSync(RCLONE_BINARY, "#!/bin/sh\necho '[]'\n");
  chmodSync(RCLONE_BINARY, 0o755);
  return { RCLONE_BINARY, PATH: process.env['PATH'] };
}

/** Runs it as a script would, with `--yes`. */
async function run(given: Answers, more: { import?: string } = {}) {
  const { shell, said } = givenShell(givenRclone());
  const options = { json: false, yes: true, local: false, region: 'eu-central-1', config: file };
  const named = {
    ...(given.agent === undefined ? {} : { agent: given.agent }),
    ...(given.deployment === undefined ? {} : { deployment: given.deployment }),
  };
  const rest = { timeout: 1, firstRun: false, given, ...more, ...named };
  const code = await setup(shell, { ...options, ...rest });
  return { code, said: said.join('\n') };
}

const nothing: Answers = { provider: 'off', backup: false };

async function expectRefused(asked: Promise<unknown>, words: RegExp): Promise<void> {
  const before = readFileSync(file, 'utf8');
  await expect(asked).rejects.toThrow(words);
  await expect(asked).rejects.toMatchObject({ exitCode: exitCodes.usage });
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(deployed).toEqual([]);
}

describe('an import', () => {
  it('becomes the agent that is named, and leaves others alone', async () => {
    givenFile();
    const { code } = await run({ agent: 'second' }, { import: givenImport() });
    expect(code).toBe(exitCodes.ok);
    expect(jsonIn(file)).toMatchObject({
      agents: { main, second: { sync: { mode: 'mirror', s3: { bucket: 'b' } } } },
    });
  });

  it('is not put over an agent that nobody has named', async () => {
    givenFile({ main: { sync: main.sync } });
    await expectRefused(run({}, { import: givenImport() }), /"main" already.*--agent main/);
    const { code } = await run({ agent: 'main' }, { import: givenImport() });
    expect(code).toBe(exitCodes.ok);
    expect(jsonIn(file)).toMatchObject({ agents: { main: { sync: { s3: { bucket: 'b' } } } } });
  });

  it('names the answers that it has no use for', async () => {
    givenFile();
    const given: Answers = { agent: 'second', mode: 'mirror', remotePath: 'x', interval: 600 };
    await expectRefused(
      run(given, { import: givenImport() }),
      /: mode \(--mode\), remotePath \(--remote-path\)\. Leave them out/,
    );
  });

  it('takes the agent that is named of a file with several', async () => {
    const path = join(folder, 'several.json');
    const agents = { ann: { sync: { provider: 'off' } }, bob: { sync: { provider: 'off' } } };
    writeFileSync(path, JSON.stringify({ agents }));
    givenFile();
    await expectRefused(run({}, { import: path }), /several agents: ann, bob/);
    await run({ agent: 'bob' }, { import: path });
    expect(jsonIn(file)).toMatchObject({ agents: { main, bob: { sync: { provider: 'off' } } } });
  });
});

describe('a setup with a file that is there', () => {
  it('adds no agent of another deployment, which would rename the file', async () => {
    givenFile();
    await expectRefused(
      run({ ...nothing, deployment: 'work', agent: 'second' }),
      /describes the deployment "home".*--config/,
    );
  });

  it('schedules no other agent that has no schedule yet, and says so', async () => {
    const { sync } = main;
    givenSchedules(['third']);
    givenFile({ main: { sync }, third: { sync }, off: { sync: { provider: 'off' } } });
    const { said } = await run({ ...nothing, agent: 'second' });
    const intervalOf = (json: Json | undefined, agent: string): unknown =>
      (json as { agents: Record<string, { sync: Json }> }).agents[agent]?.sync['interval'];
    expect(['main', 'third'].map((agent) => intervalOf(deployed[0], agent))).toEqual([0, 600]);
    expect(['main', 'third'].map((agent) => intervalOf(jsonIn(file), agent))).toEqual([600, 600]);
    expect(said).toMatch(/agent "main" are not scheduled.*setup --agent main.*deploy/);
    expect(said).not.toMatch(/"(?:third|off)" are not scheduled/);
  });
});
