import { epochOf } from '../../functions/shared/clock.ts';
import type { JobReport, RunningRecord } from '../../functions/shared/contract/index.ts';
import { CommandFailure } from '../failure.ts';
import { durationInWords } from '../output/words.ts';
import type { Shell } from '../shell.ts';
import { Pace } from './pace.ts';
import { progressView, type ProgressView } from './progress-view.ts';
import type { RunWatch } from './watch.ts';

/** What following a run came to. */
export type Followed = { report: JobReport } | { detached: true };

/** What to tell a person about the run that is followed. */
export interface Following {
  shell: Shell;
  /** In a few words, before anything is known of it: `sync of main`. */
  title: string;
  /** The commands that a person needs when the run says nothing. */
  commands: { follow: string; logs: string; status: string };
  /** How long to wait for a sign of the run; by default {@link defaultPatience}. */
  patience?: Patience;
}

/** Milliseconds of silence … */
export interface Patience {
  /** … after which a person is told, */
  tell: number;
  /** … and after which the run is taken for dead. */
  giveUp: number;
}

/**
 * A leg works for a quarter of an hour at most, and not every job says how far it is; a request that
 * Lambda throttles is tried again for hours.
 */
export const defaultPatience: Patience = { tell: 60_000, giveUp: 20 * 60_000 };

/** How long a report may take to be seen after the run has said that it has ended. */
const reportMs = 10_000;

/** Often at first, for most runs are short; two requests each time. */
const firstPauseMs = 400;
const lastPauseMs = 2_000;

/**
 * Shows how a run gets on until its report is there, or the person has seen enough: the run itself
 * goes on either way.
 * @throws CommandFailure where nothing is heard of the run for too long.
 */
export async function followRun(watch: RunWatch, following: Following): Promise<Followed> {
  const { shell } = following;
  const view = await progressView(shell);
  const leaving = new AbortController();
  const release = shell.onInterrupt(() => {
    leaving.abort();
  });
  try {
    return await lookUntilEnded(watch, following, view, leaving.signal);
  } finally {
    release();
    view.end();
  }
}

async function lookUntilEnded(
  watch: RunWatch,
  following: Following,
  view: ProgressView,
  leaving: AbortSignal,
): Promise<Followed> {
  const { clock } = following.shell;
  const pace = new Pace();
  const silence = new Silence(following, view);
  view.show({ doing: `${following.title}: starting`, done: { files: 0, bytes: 0 } });
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.3, lastPauseMs)) {
    if (leaving.aborted) return { detached: true };
    const [report, record] = await Promise.all([watch.report(), watch.record()]);
    if (report) return { report };
    if (record) {
      silence.heard(record);
      if (record.state === 'ended') silence.endedWithoutReport();
      showRecord(record, following, view, pace);
    }
    silence.judge();
    await clock.sleep(pause, leaving).catch(() => undefined);
  }
}

function showRecord(
  { doing = 'at work', done, total, updatedAt, state, leg }: RunningRecord,
  { title }: Following,
  view: ProgressView,
  pace: Pace,
): void {
  pace.note(epochOf(updatedAt), done);
  view.show({
    doing: `${title}: ${state === 'between-legs' ? `leg ${leg} is over, the next one comes` : doing}`,
    done,
    ...(total ? { total } : {}),
    speed: pace.speed(total),
  });
}

/** Counts how long nothing was heard of a run, and says so. */
class Silence {
  readonly #following: Following;
  readonly #view: ProgressView;
  readonly #patience: Patience;
  #since: number;
  #last = '';
  #toldAt: number;

  constructor(following: Following, view: ProgressView) {
    this.#following = following;
    this.#view = view;
    this.#patience = following.patience ?? defaultPatience;
    this.#since = following.shell.clock.now();
    this.#toldAt = this.#since;
  }

  heard({ updatedAt }: RunningRecord): void {
    if (updatedAt === this.#last) return;
    this.#last = updatedAt;
    this.#since = this.#following.shell.clock.now();
    this.#toldAt = this.#since;
  }

  /** A run keeps its report before it says that it has ended: soon it must be there. */
  endedWithoutReport(): void {
    if (this.#following.shell.clock.now() - this.#since < reportMs) return;
    throw new CommandFailure(
      `The run has ended, and its report could not be kept. ${this.#whereToLook()}`,
      { code: 'no-report' },
    );
  }

  judge(): void {
    const now = this.#following.shell.clock.now();
    const silent = now - this.#since;
    if (silent >= this.#patience.giveUp) {
      throw new CommandFailure(
        `Nothing was heard of the run for ${durationInWords(silent)}: its function was throttled, ` +
          `or has died. ${this.#whereToLook()}`,
        { code: 'run-silent' },
      );
    }
    if (now - this.#toldAt < this.#patience.tell) return;
    this.#toldAt = now;
    this.#view.end();
    this.#following.shell.say(
      `Nothing was heard of the run for ${durationInWords(silent)}; still waiting. ` +
        `${this.#whereToLook()} Ctrl-C leaves it alone.`,
    );
  }

  #whereToLook(): string {
    const { logs, status } = this.#following.commands;
    return `Its log: "${logs}". Requests that never ran are among the dead letters: "${status}".`;
  }
}
