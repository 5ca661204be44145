import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../../functions/shared/config/index.ts';
import {
  dropbox,
  errorOf,
  expectKeys,
  expectProblem,
  givenAgent,
  givenConfig,
  noticesOf,
} from './given.ts';

function givenPlugin(entry: unknown): Record<string, unknown> {
  return {
    agents: { defaults: { model: 'x' } },
    gateway: { port: 18789 },
    plugins: { allow: ['x'], entries: { 'openclaw-workspace-sync': entry } },
  };
}

/** The example of the original skill, with the token that a deployment needs. */
const documented = {
  provider: 'dropbox',
  mode: 'mailbox',
  remotePath: '',
  localPath: '/',
  interval: 60,
  timeout: 1800,
  onSessionStart: true,
  onSessionEnd: true,
  exclude: ['.git/**', 'node_modules/**', '*.log'],
};

describe('forms of the file', () => {
  it('takes a whole openclaw.json and leaves its other keys alone', () => {
    const token = { dropbox: { token: '${DROPBOX_TOKEN}' } };
    const json = givenPlugin({ enabled: true, config: { sync: { ...documented, ...token } } });

    const { agents } = givenConfig(json);

    expect(agents).toHaveLength(1);
    expect(agents[0]).toMatchObject({
      name: 'main',
      sync: { ...documented, localPath: '', ...token },
    });
  });

  it('warns that the plugin may run beside the deployment', () => {
    expect(noticesOf(givenPlugin({ config: dropbox }))[0]?.message).toContain('disable the plugin');
  });

  it('says how to add the token that the setup of the plugin kept', () => {
    const problem = expectProblem(
      givenPlugin({ enabled: true, config: { sync: documented } }),
      'plugins.entries.openclaw-workspace-sync.config.sync.dropbox.token',
    );

    expect(problem.fix).toContain('"dropbox": { "token": "${DROPBOX_TOKEN}" }');
    expect(problem.fix).toContain('rclone authorize dropbox');
    expect(problem.fix).toContain('--name workspace-sync/default/main/sync');
  });

  it('refuses a plugin that is switched off or absent', () => {
    const at = 'plugins.entries.openclaw-workspace-sync';
    expectKeys(givenPlugin({ enabled: false, config: dropbox }), [`${at}.enabled`]);
    expectKeys(givenPlugin(undefined), [at]);
    expectKeys({ plugins: {} }, [at]);
    expectKeys(givenPlugin({ enabled: true }), [`${at}.config`]);
  });

  it('takes the nested and the flat form, with the same result', () => {
    const backup = { enabled: true, provider: 's3', bucket: 'b', prefix: 'agent-name/' };

    const nested = givenAgent({ agent: 'anna', sync: dropbox, backup });
    const flat = givenAgent({ agent: 'anna', ...dropbox, backup });

    expect(nested).toEqual(flat);
    expect(nested).toMatchObject({ name: 'anna', backup });
  });

  it('takes many agents', () => {
    const json = {
      deployment: 'home',
      alarmEmail: 'a@example.com',
      agents: { a: { sync: dropbox }, b: {} },
    };

    const config = givenConfig(json);

    expect(config).toMatchObject({ deployment: 'home', alarmEmail: 'a@example.com' });
    expect(config.agents.map(({ name, sync }) => [name, sync.provider])).toEqual([
      ['a', 'dropbox'],
      ['b', 'off'],
    ]);
  });

  it('has a dashboard, no traces, no cap and its own runbook unless told otherwise', () => {
    const config = givenConfig({ agents: { a: {} } });

    expect(config).toMatchObject({
      dashboard: true,
      tracing: false,
      runbookUrl: 'docs/runbook.md',
    });
    expect(config).not.toHaveProperty('monthlyCap');
  });

  it.each([
    ['deployment', { agents: { a: {} } }],
    ['nested', { sync: dropbox }],
    ['flat', dropbox],
  ])('takes what concerns the whole deployment in the %s form', (_, form) => {
    const top = {
      dashboard: false,
      tracing: true,
      monthlyCap: 2.5,
      runbookUrl: 'https://example.com/runbook.md',
    };

    expect(givenConfig({ ...top, ...form })).toMatchObject(top);
  });

  it.each([
    ['monthlyCap', 0],
    ['monthlyCap', -1],
    ['monthlyCap', '5'],
    ['dashboard', 'no'],
    ['tracing', 1],
    ['runbookUrl', 'docs/run book.md'],
    ['runbookUrl', 'docs/runbook.md#anchor'],
  ])('refuses %s: %j', (key, value) => {
    expectKeys({ [key]: value, agents: { a: {} } }, [key]);
  });

  it('names keys where they stand in the file', () => {
    expectKeys({ interval: 3 }, ['interval']);
    expectKeys({ sync: { interval: 3 } }, ['sync.interval']);
    expectKeys({ agents: { a: { sync: { exclude: [''] } } } }, ['agents.a.sync.exclude[0]']);
  });

  it.each([{ agents: {} }, { agents: [] }, { agents: 'main' }])('refuses %j', (json) => {
    expectKeys(json, ['agents']);
  });

  it('refuses names that could not be a path or a name in AWS', () => {
    const names = ['A', '_a', '../x', 'a'.repeat(64), ''];
    for (const name of names) expect(() => givenConfig({ agents: { [name]: {} } })).toThrow();
    expectKeys({ deployment: 'Home', agents: { a: { name: 'a' } } }, [
      'deployment',
      'agents.a.name',
    ]);
    expectKeys({ agent: 'A', sync: {} }, ['agent']);
  });
});

describe('text of the file', () => {
  it.each([
    ['', '(the whole file)', 'example.json'],
    ['[]', '(the whole file)', 'example.json'],
    ['{\n  // no\n}', 'line 2, column 3', 'comment'],
    ['{\n  "a": 1,\n}', 'line 3, column 1', 'comma'],
    ['{ a: 1 }', 'line 1, column 3', 'quotation marks'],
    ['{ "a": [1, 2', 'line 1, column 13', 'too early'],
    ['{ "a": 1 "b": 2 }', 'line 1, column 10', 'comma'],
    ['{ "a": 01 }', 'line 1, column 8', 'Correct'],
  ])('says where %j is wrong', (text, key, hint) => {
    const error = errorOf(() => parseConfigText(text, 'sync.json'));

    expect(error.message).toContain('sync.json has 1 problem');
    expect(error.problems[0]?.key).toBe(key);
    expect(error.problems[0]?.fix).toContain(hint);
  });

  it('does not quote what it cannot read', () => {
    const error = errorOf(() => parseConfigText('{ "token": hunter2 }', 'sync.json'));

    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ['is no JSON', '['.repeat(20_000), /not JSON/],
    ['is JSON', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /deeper than any setting/],
  ])('says so of brackets without end, in what %s', (_, text, why) => {
    expect(errorOf(() => parseConfigText(text, 'sync.json')).problems[0]?.value).toMatch(why);
  });

  it('takes a byte order mark', () => {
    expect(parseConfigText('\uFEFF{}', 'sync.json').config.agents).toHaveLength(1);
  });
});
