const control = /\p{Cc}/u;

/**
 * Why rclone would refuse a filter pattern, or `undefined` where nothing is wrong with it.
 * Follows rclone's own reading: `*`, `**`, `?`, `[…]`, `{a,b}`, `{{regular expression}}`, `\`.
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern.trim() === '') return 'is empty';
  if (control.test(pattern)) return 'holds a line break or another control character';
  const plain = pattern.replace(/\\./gu, 'x').replace(/\{\{.*?\}\}/gu, 'x');
  if (plain.endsWith('\\')) return 'ends in a backslash that escapes nothing';
  if (plain.includes('[]')) return 'has brackets with nothing inside';
  const outside = plain.replace(/\[[^\]]*\]/gu, 'x');
  if (/[[\]]/u.test(outside)) return 'has a [ or ] without its partner';
  if (outside.includes('***')) return 'has more than two stars in a row';
  return bracesFault(outside);
}

function bracesFault(pattern: string): string | undefined {
  const braces = pattern.replace(/[^{}]/gu, '');
  if (braces.includes('{{')) return 'has braces inside braces';
  return braces.replaceAll('{}', '') === '' ? undefined : 'has a { or } without its partner';
}
