import { openContext, withAgent } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { carryOut } from '../runs/carry-out.ts';
import type { Shell } from '../shell.ts';

/** Takes a snapshot now. */
export async function now(
  shell: Shell,
  options: General & { detach?: boolean },
): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  return carryOut(context, { job: 'backup', request: {}, detach: options.detach });
}

/** Reads a snapshot back, and records whether it is good. */
export async function verify(
  shell: Shell,
  snapshot: string | undefined,
  options: General & { percent?: number; detach?: boolean },
): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const request = {
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(options.percent === undefined ? {} : { percent: options.percent }),
  };
  return carryOut(context, { job: 'verify', request, detach: options.detach });
}
