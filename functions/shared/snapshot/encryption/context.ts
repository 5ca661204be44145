import { ContextError, ForeignMessageError } from './errors.ts';

/**
 * What a message is bound to: pairs that stand in its header, authenticated and readable by
 * everybody. KMS logs them too.
 */
export type Context = Readonly<Record<string, string>>;

/** Prefixes of names that the message format and this project keep for themselves. */
const reserved = /^(?:aws-crypto-|kdf(?:-|$))/u;

/**
 * The whole context of a message: the caller's pairs and our own.
 * @throws ContextError where a name is reserved, or a text would not come back as it was
 */
export function fullContext(context: Context, own: Context): Context {
  for (const [name, value] of Object.entries(context)) {
    if (name === '' || reserved.test(name)) throw new ContextError(name, 'is a reserved name');
    // A lone surrogate has no UTF-8: the message would never again match what it is bound to.
    if (!name.isWellFormed() || !value.isWellFormed()) {
      throw new ContextError(name, 'is not valid Unicode');
    }
  }
  return { ...context, ...own };
}

/** @throws ForeignMessageError where a pair is missing or has another value */
export function expectContext(expected: Context, found: Context): void {
  for (const [name, value] of Object.entries(expected)) {
    const actual = Object.hasOwn(found, name) ? found[name] : undefined;
    if (actual !== value) throw new ForeignMessageError(name, value, actual);
  }
}
