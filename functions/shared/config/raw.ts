/** JSON that nothing is known about yet, except that it is an object. */
export type Raw = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a key, or an empty one: for checks that look at data of any shape. */
export function objectAt(raw: Raw, key: string): Raw {
  const value = Object.hasOwn(raw, key) ? raw[key] : undefined;
  return isRecord(value) ? value : {};
}

/** Deeper than any setting lies, and far from what would end the process that walks through it. */
const deepest = 64;

/** Whether lists and objects lie in each other deeper than any setting does. */
export function isTooDeep(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level
      .filter((value) => typeof value === 'object' && value !== null)
      .flatMap((value): unknown[] => Object.values(value));
  }
  return false;
}
