import { WorkspaceSyncError } from '../errors.ts';

/**
 * rclone's glob patterns, for listings that do not come from rclone.
 * Held to the real program by `test/contract/filter.test.ts`.
 * @see https://rclone.org/filtering/#pattern-syntax
 */
export type PathMatcher = (path: string) => boolean;

/**
 * Matches a path that any of the patterns excludes, in whichever form of Unicode either is written:
 * where one side keeps `Ä` and the other `A` with two dots, it is the same file to a plan.
 * @throws PatternError for a pattern that rclone refuses too.
 */
export function excludeMatcher(patterns: string[]): PathMatcher {
  const exact = patterns.map(patternToRegExp);
  const composed = patterns
    .filter((pattern) => !isAscii(pattern))
    .map((pattern) => patternToRegExp(pattern.normalize('NFC')));
  return (path) => {
    if (exact.some((expression) => expression.test(path))) return true;
    if (composed.length === 0) return false;
    const known = path.normalize('NFC');
    return composed.some((expression) => expression.test(known));
  };
}

/** Whether a pattern means the same to {@link excludeMatcher} as to rclone: it has but one form. */
export function isAscii(pattern: string): boolean {
  return /^\p{ASCII}*$/u.test(pattern);
}

/**
 * The patterns in both forms of Unicode, for rclone, which goes by the letter. Where a class holds more
 * than ASCII, its decomposed form would be another class, and is left out.
 */
export function inBothForms(patterns: readonly string[]): string[] {
  const forms = patterns.flatMap((pattern) => [
    pattern,
    pattern.normalize('NFC'),
    ...(/\[[^\]]*[^\p{ASCII}]|\{\{/u.test(pattern) ? [] : [pattern.normalize('NFD')]),
  ]);
  return [...new Set(forms)];
}

/** rclone cuts white space off both ends of a filter's line: there a character class keeps it. */
export function keepEdges(pattern: string): string {
  return pattern.replace(/^[\s\u0085]/, '[$&]').replace(
    /(\\*)([\s\u0085])$/,
    // Where it has a backslash of its own, that goes.
    (_, slashes: string, space: string) =>
      `${slashes.slice(0, slashes.length - (slashes.length % 2))}[${space}]`,
  );
}

/** Patterns that exclude a folder and all that it holds, or a file of that name. */
export function excludesOf(folder: string): string[] {
  const literally = folder.replace(/[\\*?[\]{}]/g, '\\$&');
  return [`/${literally}`, `/${literally}/**`];
}

/** A pattern as a regular expression over a path without leading slash. */
export function patternToRegExp(pattern: string): RegExp {
  const anchored = pattern.startsWith('/');
  // A folder is excluded by excluding whatever lies in it.
  const glob = (anchored ? pattern.slice(1) : pattern) + (pattern.endsWith('/') ? '**' : '');
  try {
    return new RegExp(`${anchored ? '^' : '(?:^|/)'}${translate(pattern, glob)}$`, 'su');
  } catch (cause) {
    throw cause instanceof PatternError ? cause : new PatternError(pattern, 'is not valid', cause);
  }
}

function translate(pattern: string, glob: string): string {
  let out = '';
  let depth = 0;
  for (let at = 0; at < glob.length;) {
    const rest = glob.slice(at);
    const token = nextToken(pattern, rest, depth);
    out += token.expression;
    depth += token.depth ?? 0;
    at += token.length;
  }
  if (depth > 0) throw new PatternError(pattern, 'has "{" without "}"');
  return out;
}

interface Token {
  length: number;
  expression: string;
  /** +1 where it opens alternatives, -1 where it closes them. */
  depth?: number;
}

function nextToken(pattern: string, rest: string, depth: number): Token {
  const raw = /^\{\{(.*?)\}\}/s.exec(rest);
  if (raw) return { length: raw[0].length, expression: `(?:${raw[1] ?? ''})` };
  if (rest.startsWith('{{')) throw new PatternError(pattern, 'has "{{" without "}}"');
  if (rest.startsWith('***')) throw new PatternError(pattern, 'has more than two "*" in a row');
  if (rest.startsWith('**')) return { length: 2, expression: '.*' };
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  switch (character) {
    case '*':
      return { length: 1, expression: '[^/]*' };
    case '?':
      return { length: 1, expression: '[^/]' };
    case '[':
      return characterClass(pattern, rest);
    case ']':
      throw new PatternError(pattern, 'has "]" without "["');
    case '{':
      return { length: 1, expression: '(?:', depth: 1 };
    case '}':
      if (depth === 0) throw new PatternError(pattern, 'has "}" without "{"');
      return { length: 1, expression: ')', depth: -1 };
    case ',':
      return { length: 1, expression: depth > 0 ? '|' : ',' };
    case '\\':
      return escaped(pattern, rest);
    default:
      return { length: character.length, expression: literal(character) };
  }
}

function escaped(pattern: string, rest: string): Token {
  const point = rest.codePointAt(1);
  if (point === undefined) throw new PatternError(pattern, 'ends in a backslash');
  const character = String.fromCodePoint(point);
  return { length: 1 + character.length, expression: literal(character) };
}

function characterClass(pattern: string, rest: string): Token {
  // Only "^" negates: rclone hands the class to Go's regular expressions as it stands.
  const found = /^\[(\^?)((?:\\.|[^\]\\])+)\]/su.exec(rest);
  if (!found) throw new PatternError(pattern, 'has "[" without "]"');
  const [whole, negation = '', body = ''] = found;
  // Inside a class only these mean something to a regular expression in Unicode mode.
  const members = body.replace(/[[\]/&~!#%,:;<=>@`(){}|^$*+?.]/gu, (c) =>
    c === '/' ? '\\/' : escapeInClass(c),
  );
  return { length: whole.length, expression: `[${negation === '' ? '' : '^'}${members}]` };
}

function escapeInClass(character: string): string {
  return /[[\]^$(){}|*+?./]/u.test(character) ? `\\${character}` : character;
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/u.test(character) ? `\\${character}` : character;
}

/** A pattern that is not one of rclone's. */
export class PatternError extends WorkspaceSyncError {
  constructor(pattern: string, problem: string, cause?: unknown) {
    super(
      `The exclude pattern ${JSON.stringify(pattern)} ${problem}. ` +
        'Write a pattern as rclone knows it: *, **, ?, [a-z], {a,b}, {{regexp}}, or \\ before a character.',
      { code: 'pattern', retryable: false, cause },
    );
  }
}
