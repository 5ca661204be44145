import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../functions/shared/jobs/request.ts';
import { freePort } from '../../../local/free-port.ts';
import type { HookEvent } from '../../../skill/hooks/workspace-sync-session/handler.ts';
import { answering, startReceiver, type Receiver } from '../../fixtures/http-receiver.ts';
import { folderOfSuite } from '../../fixtures/temporary-folder.ts';

const hook = join(import.meta.dirname, '../../../skill/hooks/workspace-sync-session');
const scratch = folderOfSuite('session-hook');

/** What stands in for the gateway: it loads the hook as OpenClaw does, and waits for nothing. */
const gateway = `
const [url, ...events] = process.argv.slice(1);
const { default: handler } = await import(url);
const before = performance.now();
for (const event of events) {
  const back = handler(JSON.parse(event));
  if (back !== undefined) throw new Error('the gateway would wait for this');
}
console.log(performance.now() - before);
`;

const secret = 'a-very-secret-key';

interface Surroundings {
  endpoint?: string;
  env?: Record<string, string | undefined>;
  /** Where it lies: in a folder of its own, as `cp -r` leaves it, there is no SDK. */
  folder?: string;
}

/** Runs the hook in a gateway, and says what the hook has written into its log. */
async function tell(
  events: HookEvent[],
  { endpoint, env, folder = hook }: Surroundings,
): Promise<string[]> {
  const url = pathToFileURL(join(folder, 'handler.ts')).href;
  const args = [
    '--input-type=module',
    '-e',
    gateway,
    url,
    ...events.map((one) => JSON.stringify(one)),
  ];
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>(
    (resolve, reject) => {
      const options = {
        timeout: 15_000,
        env: {
          PATH: dirname(process.execPath),
          HOME: scratch,
          AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
          AWS_SECRET_ACCESS_KEY: secret,
          AWS_REGION: 'eu-west-1',
          AWS_ENDPOINT_URL: endpoint,
          WORKSPACE_SYNC_EVENT_BUS: 'workspace-sync-home',
          ...env,
        },
      };
      execFile(process.execPath, args, options, (error, out, err) => {
        // Anything but a good end would have been the gateway's end.
        if (error) reject(new Error(err, { cause: error }));
        else resolve({ stdout: out, stderr: err });
      });
    },
  );
  expect(Number(stdout)).toBeLessThan(500);
  expect(stderr).not.toContain(secret);
  return stderr.split('\n').filter((line) => line.startsWith('[workspace-sync-session]'));
}

/** The hook in a folder of its own, as `cp -r` leaves it: it finds no SDK there. */
function givenInstalledHook(): string {
  const folder = mkdtempSync(join(scratch, 'hooks-'));
  cpSync(hook, folder, { recursive: true });
  return folder;
}

/** A PATH with an `aws` that does this. */
function givenCli(script: string): { PATH: string } {
  const folder = mkdtempSync(join(scratch, 'bin-'));
  writeFileSync(join(folder, 'aws'), `#!${process.execPath}\n${script}`, { mode: 0o755 });
  return { PATH: [folder, dirname(process.execPath)].join(delimiter) };
}

/** What the AWS CLI does with its endpoint, in short. */
const posting = `
const [service, action, ...options] = process.argv.slice(2);
const entries = JSON.parse(options[options.indexOf('--entries') + 1]);
fetch(process.env.AWS_ENDPOINT_URL, {
  method: 'POST',
  headers: { 'x-amz-target': [service, action, process.env.AWS_DEFAULT_REGION].join(' ') },
  body: JSON.stringify({ Entries: entries }),
}).then(async (answer) => console.log(await answer.text()));
`;

function event(name: string, sessionKey = 'agent:main:main', sessionId = 'one'): HookEvent {
  const [type = '', ...action] = name.split(':');
  return { type, action: action.join(':'), sessionKey, context: { sessionId } };
}

function givenBus(respond?: (response: ServerResponse) => void): Promise<Receiver> {
  const taken = answering(200, {}, JSON.stringify({ FailedEntryCount: 0, Entries: [] }));
  return startReceiver(respond ?? taken);
}

/** What the bus got is what the deployment takes for these triggers of a sync. */
function expectArrived({ requests }: Receiver, ...triggers: string[]): void {
  const entries = requests.flatMap(
    ({ body }) => (JSON.parse(body) as { Entries: Record<string, string>[] }).Entries,
  );
  const asked = entries.map(({ EventBusName, Source, DetailType, Detail = '' }) => {
    expect(EventBusName).toBe('workspace-sync-home');
    const detail: unknown = JSON.parse(Detail);
    return parseRequest({ source: Source, 'detail-type': DetailType, detail }, 'sync');
  });
  const byTrigger = (a: { trigger: string }, b: { trigger: string }): number =>
    a.trigger < b.trigger ? -1 : 1;
  expect(asked.sort(byTrigger)).toEqual(
    triggers.map((trigger) => ({ job: 'sync', agent: 'main', trigger })).sort(byTrigger),
  );
}

function expectOneLine(lines: string[], words: string): void {
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\[workspace-sync-session\] the deployment was not told: ./);
  expect(lines[0]).toContain(words);
}

describe('the hook for sessions', () => {
  it.each([
    ['agent:bootstrap', 'session-start'],
    ['command:new', 'session-end'],
    ['command:reset', 'session-end'],
    ['command:stop', 'session-end'],
    ['session:auto-reset', 'session-end'],
  ])('tells the bus of %s, which the deployment takes as %s', async (name, trigger) => {
    await using bus = await givenBus();

    const lines = await tell([event(name)], { endpoint: bus.url });

    expectArrived(bus, trigger);
    expect(bus.requests[0]?.headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    expect(lines).toEqual([]);
  });

  it('is described in the form of OpenClaw, with the events that it knows', () => {
    const text = readFileSync(join(hook, 'HOOK.md'), 'utf8');
    const [, front = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
    const [, metadata = ''] = /^metadata: (.*)$/m.exec(front) ?? [];

    expect(front).toMatch(/^name: workspace-sync-session\ndescription: ./);
    expect(JSON.parse(metadata)).toMatchObject({
      openclaw: {
        events: [
          'agent:bootstrap',
          'command:new',
          'command:reset',
          'command:stop',
          'session:auto-reset',
        ],
        requires: { env: ['WORKSPACE_SYNC_EVENT_BUS'] },
      },
    });
  });

  it('tells of a session once, however many turns it has, and of the next one again', async () => {
    await using bus = await givenBus();
    const turns = ['one', 'one', 'two', 'two'].map((id) =>
      event('agent:bootstrap', 'agent:main:main', id),
    );
    const others = [
      event('agent:bootstrap', 'agent:main:subagent:42', 'three'),
      event('gateway:startup', 'gateway:startup'),
    ];

    const lines = await tell([...turns, ...others, event('command:new')], { endpoint: bus.url });

    expectArrived(bus, 'session-start', 'session-start', 'session-end');
    expect(lines).toEqual([]);
  });

  it('calls the agent what the deployment calls it', async () => {
    await using bus = await givenBus();
    const events = [event('command:new', 'agent:clawd:main'), event('command:reset', 'global')];

    await tell(events, { endpoint: bus.url, env: { WORKSPACE_SYNC_AGENT: 'main' } });

    expectArrived(bus, 'session-end', 'session-end');
  });

  it('uses the AWS CLI where there is no SDK', async () => {
    await using bus = await givenBus();
    const [env, folder] = [givenCli(posting), givenInstalledHook()];

    const lines = await tell([event('command:new')], { endpoint: bus.url, env, folder });

    expectArrived(bus, 'session-end');
    expect(bus.requests[0]?.headers['x-amz-target']).toBe('events put-events eu-west-1');
    expect(lines).toEqual([]);
  });
});

describe('the gateway goes on at once, and has one line in its log', () => {
  const soon = { WORKSPACE_SYNC_EVENT_TIMEOUT: '1' };
  const hanging = (): void => undefined;
  const denying = answering(400, {}, '{"__type":"AccessDeniedException","message":"not you"}');
  const declining = answering(
    200,
    {},
    '{"FailedEntryCount":1,"Entries":[{"ErrorMessage":"no such bus"}]}',
  );

  it.each([
    ['hangs', hanging, 'no answer from the event bus within 1 s'],
    ['refuses', denying, 'not you'],
    ['does not take the event', declining, 'no such bus'],
  ])('where the bus %s', async (_, respond, words) => {
    await using bus = await givenBus(respond);

    const lines = await tell([event('command:new')], { endpoint: bus.url, env: soon });

    expectOneLine(lines, words);
    expect(bus.requests.length).toBeGreaterThan(0);
  });

  it('where nobody listens', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;

    const lines = await tell([event('command:new')], { endpoint });

    expectOneLine(lines, 'ECONNREFUSED');
  });

  it.each([
    ['hangs', 'setInterval(() => 0, 1000);', 'no answer from the event bus within 1 s'],
    ['fails', 'console.error("\\nAccess\\n denied"); process.exit(254);', 'Access denied'],
    ['says what nobody understands', 'console.log("upgrade me");', 'JSON'],
  ])('where the AWS CLI %s', async (_, script, words) => {
    const env = { ...soon, ...givenCli(script) };

    const lines = await tell([event('command:new')], { env, folder: givenInstalledHook() });

    expectOneLine(lines, words);
  });

  it('where there is neither SDK nor CLI', async () => {
    const surroundings = { env: { PATH: scratch }, folder: givenInstalledHook() };

    const lines = await tell([event('command:new')], surroundings);

    expectOneLine(lines, 'the gateway needs the AWS CLI');
  });

  it.each([
    ['it was never told the bus', 'agent:main:main', 'WORKSPACE_SYNC_EVENT_BUS'],
    ['the session names no agent', 'global', 'WORKSPACE_SYNC_AGENT'],
  ])('where %s', async (_, sessionKey, missing) => {
    const lines = await tell([event('command:new', sessionKey)], { env: { [missing]: undefined } });

    expectOneLine(lines, missing);
  });
});
