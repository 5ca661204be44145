/** `100 MB`: as phones and mail programs count, in thousands. */
export function bytesInWords(bytes: number): string;
