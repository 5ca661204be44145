import type { Clock } from '../clock.ts';
import { isoTime } from '../clock.ts';
import { stateKeys, type Amount, type RunningRecord } from '../contract/index.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { Log } from '../telemetry.ts';

/** What a job says of its work while it is at it. Nothing that is said here can make a run fail. */
export interface ProgressMeter {
  /** What is being done now, in a few words for people: `copying to the cloud folder`. */
  doing(what: string): void;
  /** Adds what has just been finished; what is not named is nothing. */
  done(amount: Partial<Amount>): void;
  /** What is left to do from here, as far as it is known. */
  left(amount: Amount): void;
  /** What the whole run comes to, over all its legs; a good guess will do. */
  total(amount: Amount): void;
}

/** A meter that somebody has to stop. */
export interface RunningMeter extends ProgressMeter {
  /** Says a last word, once: that the run has ended, or that its next leg has been asked for. */
  end(state: 'between-legs' | 'ended'): Promise<void>;
  /** Says nothing more. */
  stop(): Promise<void>;
}

/** Which run it is, and what earlier legs of it have done. */
export type MeterRun = Pick<
  RunningRecord,
  'job' | 'agent' | 'runId' | 'trigger' | 'leg' | 'startedAt'
> & { before: Amount };

export interface MeterDeps {
  store: ObjectStore;
  clock: Clock;
  log: Log;
}

/** Shorter work is over before anybody could look. */
const firstAfterMs = 2_000;

/** Fifteen requests a minute cost a hundredth of a cent in two hours. */
const everyMs = 4_000;

const tickMs = 500;

/** A store that does not answer must not hold up the run: nobody waits longer for a word of it. */
const patienceMs = 2_000;

/** A guess that has been overtaken says nothing. */
function covers(total: Amount, done: Amount): boolean {
  return total.files >= done.files && total.bytes >= done.bytes;
}

/** Says nothing to nobody: for dry runs and questions, which leave no trace. */
export const quietMeter: RunningMeter = {
  doing: () => undefined,
  done: () => undefined,
  left: () => undefined,
  total: () => undefined,
  end: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

/**
 * Keeps the run's {@link RunningRecord} up to date: first when the leg has worked for two seconds, then
 * every four, and a last time at its end. A run that is over before, or that never said what it does
 * because it found another at work, costs no request. A store that fails or hangs costs the word, and
 * the run two seconds for that, never the run itself.
 */
export function meterFor(run: MeterRun, { store, clock, log }: MeterDeps): RunningMeter {
  const { before, ...identity } = run;
  const begun = clock.now();
  let doing: string | undefined;
  let done = before;
  let total: Amount | undefined;
  let lastAt: number | undefined;
  // An earlier leg may have left its word, which would stand there for ever.
  let written = run.leg > 1;
  let writing: Promise<WriteEnd> = Promise.resolve('answered');

  const write = async (state: RunningRecord['state']): Promise<WriteEnd> => {
    lastAt = clock.now();
    written = true;
    const record: RunningRecord = {
      version: 1,
      ...identity,
      updatedAt: isoTime(lastAt),
      state,
      ...(doing === undefined ? {} : { doing }),
      done,
      ...(total && covers(total, done) ? { total } : {}),
    };
    const put = store.put(stateKeys.running(run.agent, run.job), JSON.stringify(record)).then(
      () => undefined,
      (error: unknown) => {
        log.warn('the progress of the run could not be written down', { error });
      },
    );
    const end = await endWithin(patienceMs, put);
    if (end === 'late')
      log.warn('the progress of the run takes long to be written down', { state });
    return end;
  };

  let busy = false;
  const timer = setInterval(() => {
    const now = clock.now();
    const isDue = lastAt === undefined ? now - begun >= firstAfterMs : now - lastAt >= everyMs;
    if (busy || doing === undefined || !isDue) return;
    busy = true;
    writing = write('running').finally(() => {
      busy = false;
    });
  }, tickMs);
  timer.unref();

  const stopTicking = (): Promise<WriteEnd> => {
    clearInterval(timer);
    return writing;
  };

  return {
    doing: (what) => {
      doing = what;
    },
    done: ({ files = 0, bytes = 0 }) => {
      done = { files: done.files + files, bytes: done.bytes + bytes };
    },
    left: ({ files, bytes }) => {
      total = { files: done.files + files, bytes: done.bytes + bytes };
    },
    total: (amount) => {
      total = amount;
    },
    end: async (state) => {
      const last = await stopTicking();
      // A word that is still on its way could come after the last one, and be believed.
      if (written && last === 'answered') await write(state);
    },
    stop: async () => {
      await stopTicking();
    },
  };
}

/** Whether a write came to an end, good or bad, while it was waited for. */
type WriteEnd = 'answered' | 'late';

async function endWithin(milliseconds: number, put: Promise<void>): Promise<WriteEnd> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<WriteEnd>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'late');
  });
  try {
    return await Promise.race([put.then((): WriteEnd => 'answered'), late]);
  } finally {
    clearTimeout(timer);
  }
}
