/** Whether a text is a name of the IANA time zone database, as this runtime has it. */
export function isTimeZone(name: string): boolean {
  // Node takes fixed offsets too, which know no summer time and are no names.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
