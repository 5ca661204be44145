/** Where a text stops being JSON. */
export interface JsonFault {
  line: number;
  column: number;
  hint: string;
}

const tokens = {
  space: /[ \t\r\n]*/y,
  text: /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy,
  scalar: /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y,
};

/**
 * The first place where a text is not JSON. JSON.parse knows it too, but it quotes what stands
 * there, which may be a secret.
 */
export function jsonFault(text: string): JsonFault {
  const offset = new Scanner(text).faultOffset();
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n'), hint: hintAt(text, offset) };
}

function hintAt(text: string, offset: number): string {
  const rest = text.slice(offset);
  if (rest === '') return 'The file ends too early: a bracket or brace is not closed';
  if (/^(?:\/\/|\/\*|#)/.test(rest)) return 'Remove the comment: JSON has none';
  if (/^[}\]]/.test(rest) && /,\s*$/.test(text.slice(0, offset))) {
    return 'Remove the comma before the closing bracket';
  }
  if (/^['’“]/.test(rest)) return 'Use straight double quotation marks';
  if (rest.startsWith('"')) return 'A comma is missing before this text, or it is not closed';
  return 'Correct what stands here; names and texts need double quotation marks';
}

/** How many brackets may be open at once. */
const deepest = 500;

/** Reads JSON and stops at the first character that cannot stand where it does. */
class Scanner {
  readonly #text: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  faultOffset(): number {
    if (this.#value()) this.#take(tokens.space);
    return this.#offset;
  }

  #value(): boolean {
    this.#take(tokens.space);
    const member = (): boolean => this.#name() && this.#mark(':') && this.#value();
    if (this.#mark('{')) return this.#list('}', member);
    if (this.#mark('[')) return this.#list(']', () => this.#value());
    return this.#take(tokens.text) || this.#take(tokens.scalar);
  }

  #list(end: string, item: () => boolean): boolean {
    // The fault lies further on; nobody has meant so many brackets.
    if (++this.#depth > deepest) return false;
    const isWhole = this.#items(end, item);
    this.#depth--;
    return isWhole;
  }

  #items(end: string, item: () => boolean): boolean {
    if (this.#mark(end)) return true;
    for (;;) {
      if (!item()) return false;
      if (this.#mark(end)) return true;
      if (!this.#mark(',')) return false;
    }
  }

  #name(): boolean {
    this.#take(tokens.space);
    return this.#take(tokens.text);
  }

  #mark(mark: string): boolean {
    this.#take(tokens.space);
    if (!this.#text.startsWith(mark, this.#offset)) return false;
    this.#offset += mark.length;
    return true;
  }

  #take(token: RegExp): boolean {
    token.lastIndex = this.#offset;
    const found = token.test(this.#text);
    if (found) this.#offset = token.lastIndex;
    return found;
  }
}
