import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest, RequestError } from '../../../functions/shared/jobs/request.ts';
import { totalNames } from '../../../functions/shared/runtime/report.ts';

const totals = Object.fromEntries(totalNames.map((name, index) => [name, index + 1]));
const run = {
  runId: '20261122T100000Z-0a1b2c3d',
  leg: 2,
  startedAt: '2026-11-22T10:00:00.000Z',
  legsWithoutProgress: 1,
  totals,
};

function event(source: string, type: string, detail: unknown): object {
  return {
    version: '0',
    id: 'c7f2',
    source,
    'detail-type': type,
    account: '000000000000',
    time: '2026-11-22T10:00:00Z',
    region: 'us-east-1',
    resources: [],
    detail,
  };
}

function continuation(detail: unknown): object {
  return event('workspace-sync', 'Run Continuation Requested', detail);
}

describe('a request', () => {
  it.each([
    ['a schedule', { job: 'sync', agent: 'main', trigger: 'schedule' }],
    ['a person', { job: 'sync', agent: 'main', trigger: 'manual', dryRun: true }],
    ['one who confirms', { job: 'sync', agent: 'main', trigger: 'manual', confirmDeletes: 30 }],
    [
      'one who wants to find the report',
      { job: 'backup', agent: 'main', trigger: 'manual', runId: '20261122T101500Z-0a1b2c3d' },
    ],
    ['a sweep', { job: 'drain', agent: 'main', trigger: 'sweep' }],
    ['a leg', { job: 'sync', agent: 'main', trigger: 'continuation', run }],
    ['one who looks around', { job: 'list', agent: 'main', trigger: 'manual', of: 'cloud' }],
  ])('of %s is taken as it is', (_, request) => {
    expect(parseRequest(request, request.job as 'sync')).toEqual(request);
  });

  it('of a person needs an agent and nothing else', () => {
    expect(parseRequest({ agent: 'main' }, 'drain')).toEqual({
      job: 'drain',
      agent: 'main',
      trigger: 'manual',
    });
  });

  it('of a leg arrives as an event', () => {
    const request = { job: 'sync', agent: 'main', trigger: 'continuation', run };

    expect(parseRequest(continuation(request), 'sync')).toEqual(request);
  });

  it.each([
    ['Session Started', 'session-start'],
    ['Session Ended', 'session-end'],
  ])('of a gateway is its event "%s"', (type, trigger) => {
    const given = event('openclaw.gateway', type, { agent: 'main', session: 'x', job: 'restore' });

    expect(parseRequest(given, 'sync')).toEqual({ job: 'sync', agent: 'main', trigger });
  });
});

describe('what is no request', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'main'],
    ['a number', 1],
    ['a list', [{ agent: 'main' }]],
  ])('is refused with an example: %s', (_, payload) => {
    expect(() => parseRequest(payload, 'sync')).toThrow('such as {"agent": "main"}');
  });

  it.each([
    ['no agent', {}],
    ['an empty agent', { agent: '' }],
    ['an agent that is no text', { agent: ['main'] }],
    ['a key that nobody knows', { agent: 'main', force: true }],
    ['a misspelt key', { agent: 'main', dryrun: true }],
    ['a dry run that is a text', { agent: 'main', dryRun: 'false' }],
    ['a dry run that is null', { agent: 'main', dryRun: null }],
    ['a job that nobody knows', { agent: 'main', job: 'wipe' }],
    ['a trigger that nobody knows', { agent: 'main', trigger: 'root' }],
    ['a negative confirmation', { agent: 'main', confirmDeletes: -1 }],
    ['a confirmation of nothing', { agent: 'main', confirmDeletes: 0 }],
    ['a confirmation of halves', { agent: 'main', confirmDeletes: 1.5 }],
    ['a confirmation of everything', { agent: 'main', confirmDeletes: Infinity }],
    ['a confirmation that is a text', { agent: 'main', confirmDeletes: '500' }],
    ['an id of a run with a path in it', { agent: 'main', runId: '../../x' }],
    ['an id of a run of no time', { agent: 'main', runId: '0a1b2c3d' }],
    ['a run with a path in its id', { agent: 'main', run: { ...run, runId: '../../x' } }],
    ['a run of no leg', { agent: 'main', run: { ...run, leg: 0 } }],
    ['a run of no time', { agent: 'main', run: { ...run, startedAt: 'yesterday' } }],
    ['a run that lost a counter', { agent: 'main', run: { ...run, totals: {} } }],
    [
      'a run of less than nothing',
      { agent: 'main', run: { ...run, totals: { ...totals, filesSent: -1 } } },
    ],
    [
      'a run of no number',
      { agent: 'main', run: { ...run, totals: { ...totals, filesSent: NaN } } },
    ],
    ['a run with more', { agent: 'main', run: { ...run, fence: 9 } }],
    ['a prototype', JSON.parse('{"agent":"main","__proto__":{"dryRun":true}}') as object],
    ['a continuation of nothing', continuation(null)],
    ['a continuation without a job', continuation({ agent: 'main', trigger: 'continuation', run })],
    ['a list of what nobody lists', { agent: 'main', job: 'list', of: 'workspace' }],
    ['a session of somebody', event('openclaw.gateway', 'Session Started', { agent: 7 })],
    ['a session in a text', event('openclaw.gateway', 'Session Started', '{"agent":"main"}')],
    ['a session in a list', event('openclaw.gateway', 'Session Ended', [{ agent: 'main' }])],
    ['a session of nobody', event('openclaw.gateway', 'Session Started', {})],
    ['a session of no detail', event('openclaw.gateway', 'Session Started', null)],
    ['an event of another source', event('aws.s3', 'Object Created', { agent: 'main' })],
    ['an event of ours that asks nothing', event('workspace-sync', 'Sync Completed', run)],
    [
      'a continuation that another source asks for',
      event('somebody', 'Run Continuation Requested', {
        job: 'sync',
        agent: 'main',
        trigger: 'manual',
      }),
    ],
  ])('is refused, and nothing is done: %s', (_, payload) => {
    expect(() => parseRequest(payload, 'sync')).toThrow(RequestError);
  });

  it('says everything that is wrong with it', () => {
    expect(() => parseRequest({ agent: '', dryRun: 1, confirmDeletes: 'x' }, 'sync')).toThrow(
      /agent(.|\n)*dryRun|dryRun(.|\n)*agent/,
    );
  });

  it('says what the id of a run looks like', () => {
    expect(() => parseRequest({ agent: 'main', runId: 'mine' }, 'sync')).toThrow(
      /20261122T101500Z-0a1b2c3d/,
    );
  });

  it('is an error of ours, never another', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (payload) => {
        try {
          const { job, trigger } = parseRequest(payload, 'sync');
          expect([job, trigger]).toEqual(['sync', 'manual']);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  // The sync function would do its own work and report it as another job's success.
  it('is a request for another job than the function’s', () => {
    expect(() => parseRequest({ agent: 'main', job: 'backup' }, 'sync')).toThrow(RequestError);
  });

  it('is a continuation of another job than the function’s', () => {
    const detail = { job: 'drain', agent: 'main', trigger: 'continuation', run };
    expect(() => parseRequest(continuation(detail), 'sync')).toThrow(RequestError);
  });

  // Whatever is not a start counts as an end.
  it('is an event of a gateway that is neither a start nor an end', () => {
    const given = event('openclaw.gateway', 'Message Received', { agent: 'main' });
    expect(() => parseRequest(given, 'sync')).toThrow(RequestError);
  });

  it('is a sync of what only a list has', () => {
    expect(() => parseRequest({ agent: 'main', of: 'cloud' }, 'sync')).toThrow(
      '"of" means nothing to "sync"',
    );
  });

  // A gateway's event may weigh what an event may weigh; an error that repeats it helps nobody.
  it('is a session event of any size, refused in few words', () => {
    const detail = { agent: ['x'.repeat(250_000)] };
    const given = event('openclaw.gateway', 'Session Started', detail);
    expect(() => parseRequest(given, 'sync')).toThrow(/^.{1,200}$/s);
  });

  it('is a session event for a function that does not sync', () => {
    const given = event('openclaw.gateway', 'Session Started', { agent: 'main' });
    expect(() => parseRequest(given, 'drain')).toThrow(RequestError);
  });
});
