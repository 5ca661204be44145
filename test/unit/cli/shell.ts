import { systemClock } from '../../../functions/shared/clock.ts';
import type { Shell } from '../../../cli/shell.ts';

/** A terminal that nobody watches, and what was written to it. */
export interface Written {
  shell: Shell;
  /** Standard output. */
  out: string[];
  /** Standard error. */
  said: string[];
}

/** A shell for a test. */
export function givenShell(env: NodeJS.ProcessEnv = {}): Written {
  const out: string[] = [];
  const said: string[] = [];
  const shell: Shell = {
    out: (text) => void out.push(text),
    say: (text) => void said.push(text),
    env,
    clock: systemClock,
    isWatched: false,
    canAsk: false,
    columns: 100,
    onInterrupt: () => () => undefined,
  };
  return { shell, out, said };
}
