import { WorkspaceSyncError } from '../errors.ts';

/** A whole value that stands for a secret: `${DROPBOX_TOKEN}`. */
export const referencePattern = /^\$\{([A-Z][A-Z0-9_]{0,63})\}$/;

/** Thrown where a block refers to names that its secret entry does not answer. */
export class UnresolvedReferencesError extends WorkspaceSyncError {
  /** Every name without an answer, sorted. Values are never part of the error. */
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    super(
      `The secret entry has no text for ${names.map((name) => `\${${name}}`).join(', ')}: ` +
        `it must be a JSON object with a text under each of these names`,
      { code: 'unresolved-references', retryable: false },
    );
    this.names = names;
  }
}

/** The names that a block of the configuration refers to, sorted, each once. */
export function referencesIn(block: unknown): string[] {
  return [...new Set(namesIn(block))].sort();
}

/**
 * The block with every reference replaced by what the entry holds under its name.
 *
 * @throws {UnresolvedReferencesError} naming all that are missing, empty or not a text.
 */
export function resolveReferences<T>(block: T, entry: Readonly<Record<string, unknown>>): T {
  const missing = referencesIn(block).filter((name) => answer(entry, name) === undefined);
  if (missing.length > 0) throw new UnresolvedReferencesError(missing);
  return replaced(block, entry) as T;
}

function answer(entry: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return referencePattern.exec(value)?.slice(1) ?? [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(namesIn);
}

function replaced(value: unknown, entry: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') {
    const name = referencePattern.exec(value)?.[1];
    return name === undefined ? value : answer(entry, name);
  }
  if (Array.isArray(value)) return value.map((item) => replaced(item, entry));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaced(item, entry)]),
  );
}
