import { WorkspaceSyncError } from '../errors.ts';

/** One mistake in the configuration, and how to mend it. */
export interface Problem {
  /** Where it is, as it stands in the file: `agents.main.sync.interval`. */
  key: string;
  /** What stands there, shortened; what may be a secret is described and never quoted. */
  value: string;
  allowed: string;
  fix: string;
}

/** Something that is accepted but not quite as it was written. */
export interface Notice {
  key: string;
  message: string;
}

/** Thrown with every problem of a configuration at once. */
export class ConfigError extends WorkspaceSyncError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], source = 'The configuration') {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const message = [`${source} has ${count}:`, ...problems.map(problemText)].join('\n\n');
    super(message, { code: 'invalid-config', retryable: false });
    this.problems = problems;
  }
}

/** A problem as a small block of text. */
export function problemText(problem: Problem): string {
  return [
    `  ${problem.key}`,
    `    given:   ${problem.value}`,
    `    allowed: ${problem.allowed}`,
    `    change:  ${problem.fix}`,
  ].join('\n');
}
