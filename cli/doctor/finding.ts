import type { RunbookAnchor } from '../../functions/shared/contract/index.ts';

/** What one check has found. */
export interface Finding {
  /** Stable, kebab-case. */
  check: string;
  /** Whom it is about, where a check looks at several. */
  about?: string;
  /** `unknown`: it could not be looked at, for a reason that another finding tells. */
  state: 'ok' | 'wrong' | 'unknown';
  message: string;
  /** What to do; of whatever is wrong. */
  cure?: string;
  /** Heading of docs/runbook.md about it. */
  runbook?: RunbookAnchor | (string & {});
}

/** A finding without the check's name, which whoever runs it adds. */
export type Found = Omit<Finding, 'check'>;

/** All is well. */
export function well(message: string, about?: string): Found {
  return { state: 'ok', message, ...(about === undefined ? {} : { about }) };
}

/** Something is wrong, and this is what to do. */
export function wrong(
  message: string,
  cure: string,
  more: Pick<Found, 'about' | 'runbook'> = {},
): Found {
  return { state: 'wrong', message, cure, ...more };
}

/** It cannot be told. */
export function unknown(message: string, about?: string): Found {
  return { state: 'unknown', message, ...(about === undefined ? {} : { about }) };
}
