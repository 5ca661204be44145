/**
 * Controls, lone surrogates, line separators, marks of direction, and whatever takes no room on a
 * screen: what can make a name look like another one or split a line. The selector that makes a
 * picture of an emoji is left out where it does that.
 */
export const deceptive =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufff9-\ufffb]|(?<!\p{Emoji})\ufe0f|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/gu;

/** The text with every deceptive character written as its escape; line feeds and tabs stay. */
export function visible(text: string): string {
  return text.replace(deceptive, (characters) =>
    /[\n\t]/.test(characters)
      ? characters
      : Array.from(
          { length: characters.length },
          (_, unit) => `\\u${characters.charCodeAt(unit).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
}
