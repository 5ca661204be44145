import type { SingleBar } from 'cli-progress';
import { visible } from '../../functions/shared/deceptive.ts';
import type { Shell } from '../shell.ts';
import { progressText, shareDone, type Progress } from './progress-text.ts';

/** Where progress is shown. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Clears the place, so that something else can be said; the next `show` draws it again. */
  end(): void;
}

/** A bar where a person watches, a line now and then elsewhere. */
export async function progressView(shell: Shell): Promise<ProgressView> {
  return shell.isWatched ? barView() : lineView(shell);
}

/** Without a terminal nobody looks at every step: a log is not to be filled with them. */
const everyMs = 15_000;

function lineView(shell: Shell): ProgressView {
  let saidAt = -Infinity;
  let said = '';
  return {
    show(progress) {
      const isNew = progress.doing !== said;
      if (!isNew && shell.clock.now() - saidAt < everyMs) return;
      saidAt = shell.clock.now();
      said = progress.doing;
      shell.say(progressText(progress));
    },
    end: () => undefined,
  };
}

async function barView(): Promise<ProgressView> {
  const { default: progressBars } = await import('cli-progress');
  let bar: SingleBar | undefined;
  let turns = 0;
  let shown: Progress = { doing: '', done: { files: 0, bytes: 0 } };
  return {
    show(progress) {
      shown = progress;
      if (bar) return;
      bar = new progressBars.SingleBar({
        // Our own handler says how to go on.
        gracefulExit: false,
        clearOnComplete: true,
        hideCursor: true,
        linewrap: true,
        fps: 4,
        forceRedraw: true,
        format: () => barText(shown, turns++),
      });
      bar.start(1, 0);
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}

const width = 24;
const turning = ['|', '/', '-', '\\'];

/** The text of the bar; it turns while nothing new is known, so that a person sees that it lives. */
function barText(progress: Progress, turns: number): string {
  const share = shareDone(progress);
  if (share === undefined) {
    return visible(`${turning[turns % turning.length] ?? ''} ${progressText(progress)}`);
  }
  const full = Math.round(share * width);
  const bar = '█'.repeat(full) + '░'.repeat(width - full);
  return visible(`${bar} ${Math.floor(share * 100)}% ${progressText(progress)}`);
}
