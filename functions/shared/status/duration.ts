const units = [
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A length of time as a person says it, in its largest unit or two: `23 minutes`, `2 days 3 hours`. */
export function inWords(seconds: number): string {
  const at = units.findIndex(([, size]) => seconds >= size);
  const [first, second] = units.slice(at < 0 ? units.length - 1 : at);
  if (!first) return '';
  const [name, size] = first;
  const whole = Math.floor(seconds / size);
  const rest = second ? Math.floor((seconds % size) / second[1]) : 0;
  // Nobody plans by the seconds of minutes, or the minutes of days.
  const isRough = name === 'minute' || rest === 0 || !second;
  return isRough ? plural(whole, name) : `${plural(whole, name)} ${plural(rest, second[0])}`;
}

export function plural(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
