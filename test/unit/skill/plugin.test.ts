import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../../functions/shared/contract/index.ts';
import { exitCodes } from '../../../cli/exit-codes.ts';
import { folderOfSuite } from '../../fixtures/temporary-folder.ts';

const plugin = join(import.meta.dirname, '../../../skill/plugin');
const scratch = folderOfSuite('plugin');

/** What stands in for OpenClaw: the same library parses its command line, and registers the plugin. */
const gateway = `
import { Command } from 'commander';
const { default: plugin } = await import(process.env.PLUGIN);
const { settings, agents, workspaceDir } = JSON.parse(process.env.SETTINGS);
const program = new Command('openclaw');
plugin.register({
  pluginConfig: settings,
  runtime: { agent: { resolveAgentWorkspaceDir: (config, agent) => config.agents.entries[agent].workspace } },
  registerCli: (registrar) => registrar({ program, config: { agents: { entries: agents } }, workspaceDir }),
});
await program.parseAsync(['node', 'openclaw', ...process.argv.slice(1)]);
`;

interface Told {
  code: number;
  stdout: string;
  stderr: string;
}

interface Surroundings {
  settings?: Record<string, string>;
  agents?: Record<string, { workspace: string }>;
  workspaceDir?: string;
  env?: Record<string, string>;
}

/** `openclaw workspace-sync` with these words. */
function openclaw(words: string[], { env, ...surroundings }: Surroundings = {}): Promise<Told> {
  const args = ['--input-type=module', '-e', gateway, '--', 'workspace-sync', ...words];
  const options = {
    timeout: 15_000,
    env: {
      PATH: dirname(process.execPath),
      HOME: scratch,
      PLUGIN: pathToFileURL(join(plugin, 'index.js')).href,
      SETTINGS: JSON.stringify({
        settings: {},
        agents: {},
        workspaceDir: scratch,
        ...surroundings,
      }),
      ...env,
    },
  };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** A PATH with a `workspace-sync` that records what it is told, and then does this. */
function givenCommand(then = ''): { env: { PATH: string }; calls: () => Call[]; file: string } {
  const folder = mkdtempSync(join(scratch, 'bin-'));
  const [file, log] = [join(folder, 'workspace-sync'), join(folder, 'calls.jsonl')];
  const record = `
const { AWS_PROFILE, AWS_REGION, WORKSPACE_SYNC_DEPLOYMENT } = process.env;
const call = { args: process.argv.slice(2), env: { AWS_PROFILE, AWS_REGION, WORKSPACE_SYNC_DEPLOYMENT } };
require('node:fs').appendFileSync(${JSON.stringify(log)}, JSON.stringify(call) + '\\n');
${then}`;
  writeFileSync(file, `#!${process.execPath}\n${record}`, { mode: 0o755 });
  const calls = (): Call[] =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call);
  return { env: { PATH: [folder, dirname(process.execPath)].join(delimiter) }, calls, file };
}

interface Call {
  args: string[];
  env: Record<string, string | undefined>;
}

const unreachable = `console.error('no access'); process.exit(${exitCodes.unreachable});`;

/** A workspace in which the deployment has left this status. */
function givenWorkspace(changes: object = {}): string {
  const folder = mkdtempSync(join(scratch, 'workspace-'));
  mkdirSync(join(folder, '.workspace-sync'));
  const file = join(folder, '.workspace-sync', 'status.json');
  writeFileSync(file, JSON.stringify({ ...status, ...changes }));
  return folder;
}

const status: AgentStatus = {
  version: 1,
  asOf: '2026-11-22T10:00:00.000Z',
  deployment: 'home',
  agent: 'main',
  provider: 'dropbox',
  mode: 'mailbox',
  remotePath: '',
  localPath: '',
  running: false,
  lastSyncAt: '2026-11-22T09:59:00.000Z',
  syncCount: 12,
  errorCount: 1,
  healthy: false,
  problems: [{ code: 'quota-full', message: 'There is no room.', runbook: 'a-sync-is-partial' }],
  jobs: [],
  recoveryPoint: { lossSeconds: 60, text: 'you would lose the last minute' },
  tokens: [],
  deadLetters: [],
};

describe('the words that are handed on', () => {
  it.each([
    [['status', '--json']],
    [['sync', '--dry-run', '--direction', 'pull']],
    [['backup', 'restore', '--path', 'a b.md', '--yes']],
    [['--help']],
    [['help', 'sync']],
    [['drop', '$(touch pwned)', '`id`', '*.md', 'a\nb', '']],
    [['drop', '--', '-y', '--agent']],
    [[]],
  ])('%j', async (words) => {
    const { env, calls } = givenCommand();

    const { code } = await openclaw(words, { env });

    expect(code).toBe(0);
    expect(calls().map(({ args }) => args)).toEqual([words]);
  });

  it.each([0, 1, 3, 4, 5, 130])('end with its exit code %i', async (code) => {
    const { env } = givenCommand(`process.exit(${code})`);

    expect(await openclaw(['sync'], { env })).toMatchObject({ code });
  });

  it('end as a shell would say it where the command was killed', async () => {
    const { env } = givenCommand(`process.kill(process.pid, 'SIGKILL')`);

    expect(await openclaw(['sync'], { env })).toMatchObject({ code: 137 });
  });

  it('go with what the configuration says', async () => {
    const { env, calls, file } = givenCommand();
    const settings = {
      ...{ command: file, agent: 'clawd', deployment: 'home' },
      ...{ profile: 'sync', region: 'eu-west-1' },
    };
    const elsewhere = { PATH: dirname(process.execPath), AWS_REGION: 'us-east-1' };

    await openclaw(['backup', 'now'], { settings, env: elsewhere });
    await openclaw(['drop', '--json', '--', 'a'], { settings, env });
    await openclaw(['setup'], { settings, env });
    await openclaw(['status', '--agent=other'], { settings, env });
    await openclaw(['status', '-a', 'other'], { settings, env });

    expect(calls().map(({ args }) => args)).toEqual([
      ['backup', 'now', '--agent', 'clawd'],
      ['drop', '--json', '--agent', 'clawd', '--', 'a'],
      ['setup'],
      ['status', '--agent=other'],
      ['status', '-a', 'other'],
    ]);
    expect(calls()[0]?.env).toEqual({
      AWS_PROFILE: 'sync',
      AWS_REGION: 'eu-west-1',
      WORKSPACE_SYNC_DEPLOYMENT: 'home',
    });
  });

  it('say how to install the command where it is not there', async () => {
    const { code, stderr } = await openclaw(['sync']);

    expect(code).toBe(127);
    expect(stderr).toContain('npm link');
    expect(stderr).toContain('plugins.entries.workspace-sync-aws.config.command');
  });

  it('say what is wrong with a command that cannot be started', async () => {
    const { code, stderr } = await openclaw(['sync'], { settings: { command: scratch } });

    expect(code).toBe(126);
    expect(stderr).toContain('EACCES');
  });
});

describe('status without access to the deployment', () => {
  it('is what the deployment last wrote into the workspace', async () => {
    const { env } = givenCommand(unreachable);

    const told = await openclaw(['status'], { env, workspaceDir: givenWorkspace() });

    expect(told.code).toBe(0);
    expect(told.stderr).toContain('no access');
    for (const words of [
      'main: 1 thing deserves a look',
      '! There is no room.\n  docs/runbook.md#a-sync-is-partial',
      'you would lose the last minute',
      'error count     1',
      'as of           2026-11-22T10:00:00.000Z, ',
    ]) {
      expect(told.stdout).toContain(words);
    }
  });

  it('is there without the command, too', async () => {
    const told = await openclaw(['status'], { workspaceDir: givenWorkspace({ healthy: true }) });

    expect(told.code).toBe(0);
    expect(told.stdout).toContain('main: all was well');
    expect(told.stderr).toContain('npm link');
  });

  it('is one document in JSON, as the command gives it', async () => {
    const { env } = givenCommand(`console.log('{"error":{}}'); ${unreachable}`);

    const told = await openclaw(['status', '--json'], { env, workspaceDir: givenWorkspace() });

    expect(JSON.parse(told.stdout)).toEqual([status]);
  });

  it('is the answer of the command where it has one', async () => {
    const { env } = givenCommand(`console.log('[1]'); process.exit(1);`);

    const told = await openclaw(['status', '--json'], { env, workspaceDir: givenWorkspace() });

    expect(told).toMatchObject({ code: 1, stdout: '[1]\n' });
  });

  it('is looked for in the workspace of the agent that is meant', async () => {
    const { env } = givenCommand(unreachable);
    const agents = { other: { workspace: givenWorkspace({ agent: 'other', syncCount: 99 }) } };
    const words = ['status', '--json', '--agent', 'other'];

    const told = await openclaw(words, { env, agents, workspaceDir: givenWorkspace() });

    expect(JSON.parse(told.stdout)).toMatchObject([{ agent: 'other', syncCount: 99 }]);
  });

  it.each([
    ['of another agent', ['--agent', 'other'], {}],
    ['of another deployment', ['--deployment', 'work'], {}],
    ['of another version', [], { version: 2 }],
    ['without a time', [], { asOf: 'now' }],
    ['without problems', [], { problems: 'none' }],
    ['for an emulator', ['--local'], {}],
    ['for help', ['--help'], {}],
  ])('is not a file %s', async (_, options, changes) => {
    const { env } = givenCommand(unreachable);
    const words = ['status', ...options];

    const told = await openclaw(words, { env, workspaceDir: givenWorkspace(changes) });

    expect(told).toMatchObject({ code: exitCodes.unreachable, stdout: '' });
  });

  it('obeys nothing that somebody has written there', async () => {
    const { env } = givenCommand(unreachable);
    const hostile = { code: 'x', message: '\u001b[2J\u202egnp.exe\nmain: all is well' };
    const workspaceDir = givenWorkspace({ problems: [hostile], provider: '\u009b31m' });

    const { stdout } = await openclaw(['status'], { env, workspaceDir });

    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout).not.toMatch(/^main: all is well/m);
  });
});

describe('the manifest', () => {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(plugin, name), 'utf8')) as Record<string, unknown>;
  const manifest = read('openclaw.plugin.json');

  it('has an id of its own, so that the block of the original plugin stays what it is', () => {
    expect(manifest['id']).toBe('workspace-sync-aws');
    expect(manifest['id']).not.toBe('openclaw-workspace-sync');
    expect(read('package.json')['name']).toBe(manifest['id']);
  });

  it('names the entry and the word that the entry registers', async () => {
    const { openclaw: own } = read('package.json') as { openclaw: { extensions: string[] } };
    const [entry = ''] = own.extensions;
    const { default: registered } = (await import(pathToFileURL(join(plugin, entry)).href)) as {
      default: { id: string; register: (api: object) => void };
    };
    const seen: unknown[] = [];
    registered.register({
      registerCli: (_: unknown, { descriptors }: { descriptors: unknown[] }) => {
        seen.push(...descriptors);
      },
    });

    expect(registered.id).toBe(manifest['id']);
    expect(seen).toEqual(manifest['cliCommands']);
  });

  it('takes the settings that are used, and no others', () => {
    const { properties, additionalProperties } = manifest['configSchema'] as {
      properties: object;
      additionalProperties: boolean;
    };

    expect(Object.keys(properties)).toEqual([
      'command',
      'agent',
      'deployment',
      'profile',
      'region',
    ]);
    expect(additionalProperties).toBe(false);
    expect(Object.keys(manifest['uiHints'] as object)).toEqual(Object.keys(properties));
  });
});
