/** How much of a foreign text may be shown. */
export interface QuoteLimits {
  /** Code points of the text, the mark of a cut included. */
  characters: number;
  /** UTF-16 units of what is written, escapes and quotes included: escapes make a text longer. */
  units: number;
}

/** Marks where a text was cut. */
const cutMark = '…';

/** As many characters as a file's extension may have, its dot included, to survive a cut. */
const longestExtension = 12;

/**
 * What may stand without quotes: letters of any script with their marks, digits, space, `.`, `_`
 * and `-`. More than one space reads like a sentence, so that is data to be quoted too.
 */
const plain = /^(?![\p{M} ])[\p{L}\p{M}\p{N}._-]*(?: [\p{L}\p{M}\p{N}._-]+)?$/u;

/**
 * What is only ever written as `\uXXXX`: control, bidirectional, zero-width, unassigned and private
 * characters, lone surrogates, every space but the common one, characters that look like the
 * closing quote, a mark that would melt into the opening one, and the angle brackets in which many
 * language models write their turns.
 */
const escaped =
  /^\p{M}|[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}\u02ba\u02ee\u2033\u2036\u3003\u2800<>]--[ "']]/v;

/**
 * Foreign text as it may stand in one line that an agent reads as ours: bare where nothing in it can
 * be taken for anything but a name, else as a JSON string.
 */
export function quoteName(text: string, limits: QuoteLimits): string {
  const shown = cut(Array.from(text), limits);
  const bare = shown.join('');
  return plain.test(bare) && !escaped.test(bare) ? bare : quoteCharacters(shown);
}

/** Foreign text as a JSON string, however harmless it looks. */
export function quoteText(text: string, limits: QuoteLimits): string {
  return quoteCharacters(cut(Array.from(text), limits));
}

function quoteCharacters(characters: string[]): string {
  return `"${characters.map(escapeCharacter).join('')}"`;
}

function escapeCharacter(character: string, index: number): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  // Only the first character may melt into the opening quote.
  const subject = index === 0 ? character : `.${character}`;
  return escaped.test(subject) ? escapeUnits(character) : character;
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** The longest beginning within the limits, with the extension kept where it is a short one. */
function cut(characters: string[], limits: QuoteLimits): string[] {
  if (fits(characters, limits)) return characters;
  const tail = [cutMark, ...extension(characters)];
  let length = Math.min(limits.characters, characters.length) - tail.length;
  while (length > 0 && !fits([...characters.slice(0, length), ...tail], limits)) length--;
  return [...characters.slice(0, Math.max(0, length)), ...tail];
}

function fits(characters: string[], limits: QuoteLimits): boolean {
  return (
    characters.length <= limits.characters && quoteCharacters(characters).length <= limits.units
  );
}

function extension(characters: string[]): string[] {
  const dot = characters.lastIndexOf('.');
  const found = dot > 0 ? characters.slice(dot) : [];
  return found.length <= longestExtension && /^\.[a-z0-9]+$/iu.test(found.join('')) ? found : [];
}
