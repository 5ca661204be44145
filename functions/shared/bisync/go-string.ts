const simple: Record<string, string> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * The text that a quoted string of Go's stands for. rclone quotes names this way: printable ones as
 * they are, bytes that are no UTF-8 as `\xNN`.
 */
export function unquoteGo(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gis,
      (_, byte?: string, short?: string, long?: string, character = '') => {
        const code = byte ?? short ?? long;
        if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
        return simple[String(character)] ?? String(character);
      },
    );
}
