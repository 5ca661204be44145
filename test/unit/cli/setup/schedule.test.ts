import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../../cli/setup/course.ts';
import { Interview } from '../../../../cli/setup/interview.ts';
import { draftOf } from '../../../../cli/setup/questions.ts';
import {
  chosenAfter,
  unfinishedText,
  wantedInterval,
  withInterval,
} from '../../../../cli/setup/schedule.ts';
import type { Setup } from '../../../../cli/setup/setup.ts';
import { processShell } from '../../../../cli/shell.ts';

const chosen = { local: true, config: 'home.json' };

function text(stage: Partial<Stage>, wanted: { mode?: string; interval?: number } = {}): string {
  const whole = { isWritten: true, isDeployed: true, hasRun: false, isScheduled: false, ...stage };
  const { mode = 'mailbox', interval = 300 } = wanted;
  return unfinishedText({ chosen, file: 'home.json' }, { agent: 'ann', interval, mode }, whole);
}

describe('what a setup says that ends early', () => {
  it('names the run and the deployment that finish it', () => {
    const said = text({});
    expect(said).toContain('Nothing is scheduled yet');
    const lines = ['sync --dry-run --agent ann', 'sync --agent ann', 'deploy'];
    const commands = lines.map((line) => `  workspace-sync ${line} --config home.json --local\n`);
    expect(said).toContain(commands.join(''));
  });

  it('names a resync where the first run is one, and no run that is done', () => {
    expect(text({}, { mode: 'bisync' })).toContain('sync --resync --agent ann');
    expect(text({ hasRun: true })).not.toContain('workspace-sync sync');
  });

  it('says of what is not deployed that to deploy it is to schedule it', () => {
    expect(text({ isDeployed: false })).toMatch(
      /nothing is scheduled.*workspace-sync setup.*every 300 seconds at once.*workspace-sync deploy/s,
    );
    expect(text({ isDeployed: false }).split('\n')).toContain(
      '  workspace-sync deploy --config home.json --local',
    );
    expect(text({ isDeployed: false }, { interval: 0 })).not.toContain('at once');
    expect(text({ isDeployed: false, isScheduled: true })).toContain('stays as it was');
  });
});

describe('what comes after a setup', () => {
  const options = { json: false, yes: true, local: true, timeout: 60, firstRun: true, given: {} };
  const emulated = { client: {}, forcePathStyle: true, env: {} };

  it('repeats the file where a command would take that of a running "npm start"', () => {
    const target = { ...emulated, session: { configFile: 'running.json' } } as Setup['target'];
    expect(chosenAfter({ options, file: 'written.json', target })).toMatchObject({
      config: 'written.json',
    });
    expect(chosenAfter({ options, file: 'running.json', target }).config).toBeUndefined();
  });
});

describe('the interval of an agent', () => {
  const file = { agents: { ann: { sync: { mode: 'mirror', interval: 3600 } }, bob: {} } };

  it('is changed without the rest', () => {
    expect(withInterval(file, 'ann', 0)).toEqual({
      agents: { ann: { sync: { mode: 'mirror', interval: 0 } }, bob: {} },
    });
  });

  it('is what is said, also of settings that are imported', () => {
    const imported = { provider: 'dropbox', interval: 90 } as const;
    expect(wantedInterval(600, imported)).toBe(600);
    expect(wantedInterval(0, imported)).toBe(0);
    expect(wantedInterval(undefined, imported)).toBe(90);
    expect(wantedInterval(600, { ...imported, provider: 'off' })).toBe(0);
  });

  it.each([
    ['ann', {}, 3600],
    ['ann', { interval: 600 }, 600],
    ['new', {}, 300],
  ])('stays what it was unless it is said: %s %o', async (agent, given, expected) => {
    const answers = { agent, provider: 'dropbox' as const, webhookUrl: '', ...given };
    const interview = new Interview({ ...processShell(), canAsk: false }, answers, { yes: true });
    const draft = await draftOf(interview, {
      agent: undefined,
      session: undefined,
      existing: file,
    });
    expect(draft.interval).toBe(expected);
  });
});
