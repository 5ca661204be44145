const privateNames = /^(?:localhost|.*\.(?:localhost|ts\.net|local|internal))$/;
const privateAddresses = [
  /^127\./,
  /^10\./,
  /^192\.168\./,
  /^172\.(?:1[6-9]|2\d|3[01])\./,
  /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^\[::1\]$/,
  /^\[f[cd][0-9a-f]{2}:/,
];
const ipv4 = /^\d+\.\d+\.\d+\.\d+$/;

/** Whether a host cannot be reached from the internet, so that plain http to it is acceptable. */
function isPrivate(host: string): boolean {
  if (ipv4.test(host) || host.startsWith('[')) {
    return privateAddresses.some((range) => range.test(host));
  }
  return privateNames.test(host);
}

/** Why a URL cannot be a webhook's, or `undefined` where it can. Never quotes the URL. */
export function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is neither https nor http';
  if (url.username !== '' || url.password !== '') return 'holds a user name or password';
  if (/[?#]/.test(text)) return 'has a query or a fragment';
  if (url.protocol === 'http:' && !isPrivate(url.hostname)) {
    return 'is plain http to a host that may be on the internet';
  }
  return undefined;
}
