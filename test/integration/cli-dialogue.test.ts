import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmptyWorld, startEmptyWorld } from '../../local/empty.ts';
import { root } from '../../local/paths.ts';
import { tellSession } from '../../local/session.ts';

let world: EmptyWorld;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'workspace-sync-cli-dialogue-'));
  world = await startEmptyWorld();
  await tellSession(world, join(folder, 'local.json'));
}, 120_000);

afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, WORKSPACE_SYNC_LOCAL: join(folder, 'local.json'), ...more };
}

const node = join(root, 'node_modules', '.bin', 'node');
const command = join(root, 'cli', 'workspace-sync.mjs');

const enter = '\r';
const ctrlC = '\x03';

const beginning = [
  ['Name of the deployment', enter],
  ['Name of the agent', enter],
];

describe('a person at a terminal', () => {
  it('is asked for what is needed, sees no secret, and may stop before anything is deployed', async () => {
    const config = join(folder, 'asked.json');
    const answers = [
      ...beginning,
      ['Where is the cloud folder', enter],
      ['Folder in it', enter],
      ['kept in step', enter],
      ['Folder of the workspace', enter],
      ['Seconds between syncs', `30${enter}`],
      ['0, or 60 and more', '\x7f\x7f120\r'],
      ['hooks', enter],
      ['id on the gateway', enter],
      ['snapshot every day', enter],
      ['E-mail', enter],
      ['Passphrase for the snapshots', `hunter2${enter}`],
      ['It is weak', `wagon staple battery horse${enter}`],
      ['The same again', `wagon staple battery horse${enter}`],
      ['Deploy it now', `n${enter}`],
    ];
    const { shown, left, code } = await dialogue(answers, config);
    expect(left, shown).toEqual([]);
    expect(code).toBe(5);
    expect(shown).toContain('The cloud folder answers');
    expect(shown).toContain('takes the token');
    expect(shown).not.toMatch(/wagon staple|hunter2/);
    expect(existsSync(config)).toBe(true);
    if (process.env['SHOW_DIALOGUE']) process.stdout.write(shown);
  });

  it.each([
    ['at a text', [['Name of the deployment', ctrlC]]],
    ['at a choice', [...beginning, ['Where is the cloud folder', ctrlC]]],
  ])(
    'may press Ctrl-C %s: nothing is written, and the terminal is as it was',
    async (_at, answers) => {
      const config = join(folder, 'stopped.json');
      const { shown, left, code, isSane } = await dialogue(answers, config);
      expect(left, shown).toEqual([]);
      expect(code).toBe(130);
      expect(shown).toContain('Stopped. No configuration was written, and nothing was deployed.');
      expect(existsSync(config)).toBe(false);
      expect(isSane).toBe(true);
    },
  );

  it('is told at Ctrl-C what was written, and how to go on', async () => {
    const config = join(folder, 'written.json');
    const answers = join(folder, 'given.json');
    const given = { provider: 'off', webhookUrl: '', alarmEmail: '', backup: false };
    writeFileSync(answers, JSON.stringify({ deployment: 'local', agent: 'main', ...given }));
    const asked = [['Deploy it now', ctrlC]];
    const { shown, code, isSane } = await dialogue(asked, config, '--answers', answers);
    expect(code, shown).toBe(130);
    expect(shown).toContain('Stopped. The configuration is written, and nothing was deployed.');
    expect(shown).toContain(`  workspace-sync deploy --config ${config} --local\r\n`);
    expect(existsSync(config)).toBe(true);
    expect(isSane).toBe(true);
  });
});

/** What a person saw, and how it ended. */
interface Dialogue {
  shown: string;
  left: unknown[];
  code: number;
  /** Whether the terminal shows what is typed, line by line, and its cursor. */
  isSane: boolean;
}

async function dialogue(answers: string[][], config: string, ...more: string[]): Promise<Dialogue> {
  const file = join(folder, 'typed.json');
  writeFileSync(file, JSON.stringify(answers));
  const script = join(root, 'test', 'fixtures', 'pty', 'dialogue.py');
  const args = [script, file, node, command, 'setup', '--local', '--config', config, ...more];
  const { stdout } = await promisify(execFile)('python3', args, { env: environment() });
  return JSON.parse(stdout) as Dialogue;
}

/** A provider that gives a token to whoever comes back from its page, and looks at the app's secret. */
async function givenProvider(): Promise<{ server: Server; url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://provider');
    seen.push(`${url.pathname} ${request.headers.authorization ?? ''}`);
    if (url.pathname === '/auth') {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    const token = { access_token: 'the-access', refresh_token: 'the-refresh', expires_in: 3600 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...token, token_type: 'bearer' }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function stored(): Promise<Record<string, string>> {
  const client = new SecretsManagerClient(world.emulator.client);
  const SecretId = 'workspace-sync/local/main/sync';
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
  return JSON.parse(SecretString) as Record<string, string>;
}

describe('authorize', () => {
  const gdrive = { token: '${GDRIVE_TOKEN}', clientId: 'an-id', clientSecret: '${APP_SECRET}' };

  function givenConfig(): string {
    const config = join(folder, 'gdrive.json');
    const sync = { provider: 'gdrive', mode: 'mailbox', gdrive };
    writeFileSync(config, JSON.stringify({ deployment: 'local', agents: { main: { sync } } }));
    return config;
  }

  /** Runs the command, and opens the address that rclone shows, as a browser would. */
  async function run(args: string[], more: Record<string, string>, stdin = ''): Promise<string> {
    const all = [command, ...args, '--local', '--config', givenConfig()];
    const child = spawn(node, all, { env: environment(more) });
    let said = '';
    let opened = false;
    const listen = (text: Buffer): void => {
      said += text.toString();
      const address = /http:\/\/127\.0\.0\.1:53682\/auth\S+/.exec(said)?.[0];
      if (address === undefined || opened) return;
      opened = true;
      void fetch(address).catch(() => undefined);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.stdin.end(stdin);
    const code = await new Promise((done) => child.once('close', done));
    return `${said}\nexit code ${String(code)}`;
  }

  it('wants the secret of the app first, then stores the token that it never shows', async () => {
    const { server, url, seen } = await givenProvider();
    const urls = { RCLONE_DRIVE_AUTH_URL: `${url}/auth`, RCLONE_DRIVE_TOKEN_URL: `${url}/token` };
    const refused = await run(['authorize', '--no-browser'], urls);
    expect(refused).toContain('workspace-sync secrets set APP_SECRET --agent main');
    await run(['secrets', 'set', 'APP_SECRET'], {}, 'the-app-secret');
    const said = await run(['authorize', 'gdrive', '--no-browser'], urls);
    expect(said).toContain('exit code 0');
    expect(said).not.toMatch(/the-access|the-refresh|the-app-secret/);
    const basic = Buffer.from('an-id:the-app-secret').toString('base64');
    expect(seen).toContain(`/token Basic ${basic}`);
    const { APP_SECRET, GDRIVE_TOKEN = '{}' } = await stored();
    expect(APP_SECRET).toBe('the-app-secret');
    expect(JSON.parse(GDRIVE_TOKEN)).toMatchObject({ refresh_token: 'the-refresh' });
    server.close();
  });

  it('takes a token from another machine, and nothing that is none', async () => {
    const token =
      '{"access_token":"a","refresh_token":"from-elsewhere","expiry":"2030-01-01T00:00:00Z"}';
    const printed = `Paste the following into your remote machine --->\n${token}\n<---End paste\n`;
    const said = await run(['authorize', '--token-from-stdin'], {}, printed);
    expect(said).toContain('exit code 0');
    expect((await stored())['GDRIVE_TOKEN']).toBe(token);
    expect(await run(['authorize', '--token-from-stdin'], {}, '{"a":1}')).toContain('exit code 2');
  });
});
