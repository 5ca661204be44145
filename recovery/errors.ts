import { WorkspaceSyncError } from '../functions/shared/errors.ts';

/** The command cannot be carried out as it was typed. Nothing was read or written. */
export class UsageError extends WorkspaceSyncError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'usage', retryable: false, cause });
  }
}

/** What is to open a snapshot is missing, or cannot be read. */
export class KeyError extends WorkspaceSyncError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'key', retryable: false, cause });
  }
}

/** Somebody pressed Ctrl-C, or the system asked the program to end. */
export class InterruptedError extends WorkspaceSyncError {
  constructor() {
    super('Interrupted. What was written is removed again.', {
      code: 'interrupted',
      retryable: true,
    });
  }
}

/** What the program ends with. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, key: 3, interrupted: 130 } as const;

const codes: Record<string, number> = {
  usage: exitCodes.usage,
  pattern: exitCodes.usage,
  'snapshot-missing': exitCodes.usage,
  'target-occupied': exitCodes.usage,
  key: exitCodes.key,
  'snapshot-no-key': exitCodes.key,
  'snapshot-wrong-key': exitCodes.key,
  'snapshot-lock-unusable': exitCodes.key,
  interrupted: exitCodes.interrupted,
};

/** The exit code that an error amounts to. */
export function exitCodeOf(error: unknown): number {
  const code = error instanceof WorkspaceSyncError ? error.code : '';
  return codes[code] ?? exitCodes.failed;
}

/** An error in words. What nobody foresaw keeps its stack, for who has to find out. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The system's own errors say what they are about: "ENOSPC: no space left on device, write".
  const foreseen = error instanceof WorkspaceSyncError || 'syscall' in error;
  return foreseen ? error.message : (error.stack ?? error.message);
}
