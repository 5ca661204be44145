import { describe, expect, it } from 'vitest';
import { interrupted } from '../../../../cli/output/ask.ts';
import { type ExitCode, exitCodes } from '../../../../cli/exit-codes.ts';
import {
  both,
  type Course,
  follow,
  type Stage,
  type Steps,
  tellingAtInterrupt,
} from '../../../../cli/setup/course.ts';

const wanted: Course = { interval: 300, firstRun: true };

/** A setup that writes down what it does; by default all goes well, for a new agent. */
function given(changes: Partial<Steps> = {}): { steps: Steps; done: string[]; told: Stage[] } {
  const done: string[] = [];
  const told: Stage[] = [];
  const note = (what: string): Promise<void> => Promise.resolve(void done.push(what));
  const steps: Steps = {
    isScheduled: () => Promise.resolve(false),
    write: () => Promise.resolve(),
    store: () => Promise.resolve(),
    mayDeploy: () => Promise.resolve(true),
    deploy: (interval) => note(`deploy ${interval}`),
    firstRuns: () => note('run').then(() => exitCodes.ok),
    welcome: () => note('welcome'),
    tellUnfinished: (stage) => void told.push({ ...stage }),
    ...changes,
  };
  return { steps, done, told };
}

const running = (code: ExitCode): Partial<Steps> => ({ firstRuns: () => Promise.resolve(code) });

describe('a setup', () => {
  it('schedules nothing before the first run, and then what is wanted', async () => {
    const { steps, done, told } = given();
    expect(await follow(wanted, steps)).toBe(exitCodes.ok);
    expect(done).toEqual(['deploy 0', 'run', 'deploy 300', 'welcome']);
    expect(told).toEqual([]);
  });

  it('goes on to the schedule after a first run that left some files, and says so in its exit code', async () => {
    const { steps, done, told } = given(running(exitCodes.partial));
    expect(await follow(wanted, steps)).toBe(exitCodes.partial);
    expect(done).toEqual(['deploy 0', 'deploy 300', 'welcome']);
    expect(told).toEqual([]);
  });

  it.each([exitCodes.failed, exitCodes.blocked, exitCodes.skipped, exitCodes.detached])(
    'tells that nothing is scheduled where the first run ends with %i',
    async (code) => {
      const { steps, done, told } = given(running(code));
      expect(await follow(wanted, steps)).toBe(code);
      expect(done).toEqual(['deploy 0']);
      expect(told).toEqual([
        { isWritten: true, isDeployed: true, hasRun: false, isScheduled: false },
      ]);
    },
  );

  it('tells it where nobody wants to deploy', async () => {
    const { steps, done, told } = given({ mayDeploy: () => Promise.resolve(false) });
    expect(await follow(wanted, steps)).toBe(exitCodes.skipped);
    expect(done).toEqual([]);
    expect(told).toEqual([
      { isWritten: true, isDeployed: false, hasRun: false, isScheduled: false },
    ]);
  });

  it.each(['store', 'deploy', 'firstRuns', 'mayDeploy'] as const)(
    'tells it where %s throws',
    async (step) => {
      const { steps, told } = given({ [step]: () => Promise.reject(new Error('no')) });
      await expect(follow(wanted, steps)).rejects.toThrow('no');
      expect(told).toHaveLength(1);
    },
  );

  it.each([
    ['write', 'Nothing was written, and nothing was deployed.', 0],
    ['mayDeploy', 'The configuration is written, and nothing was deployed.', 1],
    ['firstRuns', 'It is deployed; what was asked last was not done.', 1],
  ] as const)('says at Ctrl-C in %s what was done', async (step, words, times) => {
    const { steps, told } = given({ [step]: () => Promise.reject(interrupted()) });
    await expect(follow(wanted, steps)).rejects.toMatchObject({
      message: `Stopped. ${words}`,
      exitCode: exitCodes.detached,
    });
    expect(told).toHaveLength(times);
  });

  it('tells it at once where Ctrl-C ends the process, and is not in its way', async () => {
    let pressed = (): void => undefined;
    let listeners = 0;
    const onInterrupt = (callback: () => void): (() => void) => {
      listeners++;
      pressed = callback;
      return () => void (listeners = 0);
    };
    const told: string[] = [];
    const tell = (): void => void told.push('unfinished');
    await tellingAtInterrupt({ onInterrupt }, tell, () => {
      expect(listeners).toBe(1);
      pressed();
      expect([told, listeners]).toEqual([['unfinished'], 0]);
      return Promise.resolve();
    });
  });

  it('leaves the schedule to who wants no first run, with the same words', async () => {
    const { steps, done, told } = given();
    expect(await follow({ interval: 300, firstRun: false }, steps)).toBe(exitCodes.ok);
    expect(done).toEqual(['deploy 0', 'welcome']);
    expect(told).toEqual([
      { isWritten: true, isDeployed: true, hasRun: false, isScheduled: false },
    ]);
  });

  it('has nothing to tell of a schedule that nobody wants', async () => {
    const { steps, done, told } = given(running(exitCodes.failed));
    expect(await follow({ interval: 0, firstRun: true }, steps)).toBe(exitCodes.failed);
    expect(done).toEqual(['deploy 0']);
    expect(told).toEqual([]);
  });

  it.each([exitCodes.ok, exitCodes.failed])(
    'never takes the schedule from an agent that has one, run ending with %i',
    async (code) => {
      const isScheduled = (): Promise<boolean> => Promise.resolve(true);
      const { steps, done, told } = given({ ...running(code), isScheduled });
      expect(await follow(wanted, steps)).toBe(code);
      expect(done.filter((what) => what.startsWith('deploy'))).toEqual(['deploy 300']);
      expect(told).toEqual([]);
    },
  );
});

describe('the first run and the first snapshot', () => {
  const { ok, partial, failed } = exitCodes;
  it.each([
    [ok, ok, ok],
    [partial, ok, partial],
    [ok, partial, partial],
    [partial, failed, failed],
  ])('end with %i and %i as %i', async (one, other, end) => {
    expect(
      await both(
        () => Promise.resolve(one),
        () => Promise.resolve(other),
      ),
    ).toBe(end);
  });

  it('make no snapshot after a run that failed', async () => {
    const never = (): Promise<ExitCode> => Promise.reject(new Error('made'));
    expect(await both(() => Promise.resolve(failed), never)).toBe(failed);
  });
});
