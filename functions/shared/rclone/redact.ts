import type { Remote } from './remote.ts';

/** Option names whose values are not secret, though they may look like words in a log. */
const plainOptions = new Set(['type', 'provider', 'region', 'env_auth', 'vendor', 'scope']);

/** Replaces the values of the remotes' options wherever rclone repeats them. */
export function redactor(remotes: Remote[], env: Record<string, string>): (text: string) => string {
  const secrets = [
    ...remotes.flatMap(({ options }) =>
      Object.entries(options).flatMap(([key, value]) =>
        plainOptions.has(key) ? [] : parts(value),
      ),
    ),
    env['AWS_SECRET_ACCESS_KEY'] ?? '',
    env['AWS_SESSION_TOKEN'] ?? '',
  ]
    .filter((secret) => secret.length >= 6)
    // A short one inside a longer one would leave the rest of it.
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

/** A token is a JSON text and an address has parts: each may appear on its own, and escaped. */
function parts(value: string): string[] {
  // A password may look like an address without being one: only `scheme://` is taken apart.
  if (/^[a-z][\w+.-]*:\/\//i.test(value) && URL.canParse(value)) {
    return partsOfUrl(new URL(value));
  }
  const words = value.startsWith('{') ? (value.match(/"((?:[^"\\]|\\.){6,})"/g) ?? []) : [];
  return [value, JSON.stringify(value).slice(1, -1), ...words.map((word) => word.slice(1, -1))];
}

/** Share links and signed addresses keep their secret in the path or the query. */
function partsOfUrl({ password, pathname, searchParams }: URL): string[] {
  const plain = [safelyDecoded(password), ...searchParams.values(), ...pathname.split('/')];
  return plain.flatMap((part) => [part, safelyDecoded(part), encodeURIComponent(part)]);
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
