import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobReport } from '../../functions/shared/contract/index.ts';
import { root } from '../../local/paths.ts';
import { deployment, output } from '../../local/world.ts';
import { until } from '../fixtures/until.ts';
import { Mailbox } from '../integration/mailbox-world.ts';
import { type Guest, startGuest } from './guest.ts';
import { guideLines, Home } from './openclaw.ts';
import { type Exchange, post } from './tap.ts';

let guest: Guest;
beforeAll(async () => {
  guest = await startGuest();
});
afterAll(async () => {
  await (guest as Guest | undefined)?.[Symbol.asyncDispose]();
});

/**
 * Waits for a request about this file that was answered so. A busy gateway may have said before that
 * it could not begin within 15 s (503); the deployment asks again then.
 */
function posted(file: string, status = 200): Promise<Exchange> {
  return until(
    `a request about ${file} that is answered ${status}`,
    () =>
      guest.tap.exchanges.find(
        (exchange) => exchange.body.includes(file) && exchange.status === status,
      ),
    90_000,
  );
}

/** Waits until the gateway asks its model about this. */
function asked(words: string): Promise<string> {
  return until(
    `the gateway to ask its model about ${words}`,
    () => guest.model.requests.find(({ body }) => body.includes(words))?.body,
    60_000,
  );
}

const drop = (agent: string, name: string): Promise<void> =>
  new Mailbox(guest.world, agent).drop(name, 'content');

describe('the webhook of a real gateway', () => {
  it('takes a wake for the agent, whose next turn has the text', async () => {
    await drop('main', 'for main.pdf');

    const { path, body, answer } = await posted('for main.pdf');
    expect(path).toBe('/hooks/wake');
    expect(JSON.parse(body)).toEqual({
      text: '[workspace-sync] New files in _inbox: for main.pdf',
      mode: 'now',
      agentId: 'main',
    });
    expect(JSON.parse(answer)).toEqual({ ok: true, mode: 'now', eventOutcome: 'queued' });
    await asked('[workspace-sync] New files in _inbox: for main.pdf');
  });

  it('starts a turn of the agent, once for one announcement', async () => {
    await drop('clawd', 'for clawd.pdf');

    const { path, headers, body, answer } = await posted('for clawd.pdf');
    expect(path).toBe('/hooks/agent');
    const { runId } = JSON.parse(answer) as { runId: string };
    expect(runId).toMatch(/^[0-9a-f-]{36}$/);
    await asked('New files in _inbox: for clawd.pdf');

    const again = await post(`${guest.tap.url}/hooks/agent`, headers, body);
    expect(JSON.parse(again.answer)).toEqual({ ok: true, runId });
    const another = { ...headers, 'idempotency-key': 'another-announcement' };
    const fresh = await post(`${guest.tap.url}/hooks/agent`, another, body);
    expect(JSON.parse(fresh.answer)).not.toEqual({ ok: true, runId });
  });

  it('refuses a wrong token, which is not tried again until it is another', async () => {
    await drop('stranger', 'first.pdf');
    expect(await posted('first.pdf', 401)).toMatchObject({ answer: 'Unauthorized' });
    const QueueUrl = output(guest.world.outputs, 'DeadNotificationQueueUrl');
    const letter = await until('the dead letter', async () => {
      const { Messages = [] } = await guest.world.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }),
      );
      return Messages.find(({ Body = '' }) => Body.includes('first.pdf'));
    });
    expect(JSON.stringify(letter.MessageAttributes)).toContain('webhook-unauthorized');

    await guest.setToken('stranger', guest.token);
    await drop('stranger', 'second.pdf');

    await posted('second.pdf');
    const mine = guest.tap.exchanges.filter(({ body }) => body.includes('"stranger"'));
    expect(mine.map(({ status }) => status)).toEqual([401, 200]);
  });
});

it('loads the hook, whose event makes the deployment synchronise', async () => {
  const { world } = guest;
  const report = await until(
    'a sync that the beginning of a session has started',
    async () => {
      const keys = (await world.keys('state', 'history/clawd/')).filter((key) =>
        key.endsWith('-sync.json'),
      );
      const reports = await Promise.all(
        keys.map(async (key) => JSON.parse(String(await world.get('state', key))) as JobReport),
      );
      return reports.find(({ trigger }) => trigger === 'session-start');
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(guest.home.log(), { cause: error });
  });

  expect(report).toMatchObject({ agent: 'clawd', job: 'sync' });
  expect(guest.home.log()).not.toContain('the deployment was not told');
});

it('knows the skill, and tells agents of it', async () => {
  const words = ['skills', 'info', 'workspace-sync', '--agent', 'clawd', '--json'];
  const { stdout } = await guest.home.openclaw(words);

  expect(JSON.parse(stdout)).toMatchObject({
    source: 'openclaw-managed',
    eligible: true,
    modelVisible: true,
    commandVisible: true,
  });
  expect(await asked('New files in _inbox: for clawd.pdf')).toContain(
    'send files to the agent workspace',
  );
});

describe('openclaw workspace-sync', () => {
  /** Records how it was called, as lines of JSON. */
  function givenCommand(home: Home, then = ''): () => unknown[] {
    const log = join(home.folder, 'calls.jsonl');
    writeFileSync(log, '');
    const script = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
appendFileSync(${JSON.stringify(log)}, JSON.stringify(process.argv.slice(2)) + '\\n');
${then}`;
    writeFileSync(join(home.bin, 'workspace-sync'), script, { mode: 0o755 });
    return () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown);
  }

  it.each([[['backup', 'restore', '--json', '--help']], [['drop', '--', '-y', '$(id) "a b".txt']]])(
    'hands %j to the command, and passes its exit code on',
    async (words) => {
      const calls = givenCommand(guest.home, 'process.exit(3)');

      const { code } = await guest.home.openclaw(['workspace-sync', ...words]);

      expect(calls()).toEqual([words]);
      expect(code).toBe(3);
    },
  );

  it('reaches the deployment by the real command', async () => {
    const { world, home } = guest;
    const { url, region, credentials } = world.emulator;
    const session = join(home.folder, 'local.json');
    const places = { cloudUrl: world.cloud.url, cloudFolder: '', hooksUrl: guest.tap.url };
    writeFileSync(session, JSON.stringify({ url, region, credentials, deployment, ...places }));
    const script = `#!/bin/sh\nexec node "${join(root, 'cli', 'workspace-sync.mjs')}" "$@"\n`;
    writeFileSync(join(home.bin, 'workspace-sync'), script, { mode: 0o755 });

    const words = ['workspace-sync', 'status', '--json', '--local', '--agent', 'clawd'];
    const { stdout, stderr } = await home.openclaw(words, { WORKSPACE_SYNC_LOCAL: session });

    expect({ stdout, stderr }).toMatchObject({
      stdout: expect.stringContaining('"clawd"') as string,
    });
    expect(JSON.parse(stdout)).toMatchObject([
      { agent: 'clawd', deployment, provider: 'custom', mode: 'mailbox' },
    ]);
  });

  it('answers status from the workspace of the agent where AWS is out of reach', async () => {
    givenCommand(guest.home, `console.log('{}'); process.exit(6)`);
    const folder = join(guest.home.state, 'workspace-clawd', '.workspace-sync');
    mkdirSync(folder, { recursive: true });
    const status = { version: 1, asOf: '2026-11-22T10:00:00Z', agent: 'clawd', problems: [] };
    writeFileSync(join(folder, 'status.json'), JSON.stringify(status));

    const words = ['workspace-sync', 'status', '--json', '--agent', 'clawd'];
    const { code, stdout } = await guest.home.openclaw(words);

    expect(JSON.parse(stdout)).toEqual([status]);
    expect(code).toBe(0);
  });

  it('stands in the help of OpenClaw', async () => {
    const { stdout } = await guest.home.openclaw(['--help']);

    expect(stdout).toMatch(/workspace-sync\s+Workspace and cloud folder/);
  });

  it('leaves the block of the original plugin as it was', async () => {
    const oldBlock = {
      enabled: true,
      config: { sync: { provider: 'dropbox', mode: 'mailbox', remotePath: 'agent', interval: 60 } },
    };
    await using home = new Home({
      gateway: { mode: 'local', bind: 'loopback' },
      plugins: { entries: { 'openclaw-workspace-sync': oldBlock } },
    });
    const calls = givenCommand(home);

    await home.shell(guideLines('docs/openclaw.md', 'openclaw plugins install'));

    expect(calls()).toEqual([['status']]);
    const { plugins } = home.config() as { plugins: { entries: Record<string, unknown> } };
    expect(plugins.entries).toEqual({
      'openclaw-workspace-sync': oldBlock,
      'workspace-sync-aws': { enabled: true },
    });
  });
});
