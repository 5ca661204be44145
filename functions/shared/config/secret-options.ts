const secretEnding =
  /(?:pass|passw(?:or)?d|passphrase|secret|token|key|pem|credentials?|cookie|psk)\d*$/;
const secretPart = /(?:secret|passw(?:or)?d|passphrase)/;
/** Logins, sessions and grants by other names, and what is sent with every request. */
const others = new Set([
  'sas_url',
  'connection_string',
  '2fa',
  'sse_customer_key_base64',
  'access_grant',
  'session_id',
  'master_keys',
  'mnemonic',
  'cookies',
  'authorization',
  'headers',
]);
/** Names of files, ids, commands and public halves; `ask_password` is a switch. */
const harmless = /(?:_file|_id|_command|_url|pubkey|public_key|ask_password|_cache_path)$/;

/** Whether an option of an rclone backend holds a secret, as far as its name tells. */
export function isSecretOption(name: string): boolean {
  const option = name.toLowerCase();
  if (others.has(option)) return true;
  if (harmless.test(option)) return false;
  return secretEnding.test(option) || secretPart.test(option);
}

const passwordInUrl = /:\/\/[^/\s]*:[^/\s]*@/;
const secretParameter =
  /[?&;#][^=?&;#\s]*(?:token|secret|pass|passw(?:or)?d|passphrase|sig|signature|key|credentials?|auth)=[^&;#\s]/i;

/** Whether a text is a URL with a password or a token in it. */
export function holdsSecret(text: string): boolean {
  return passwordInUrl.test(text) || secretParameter.test(text);
}
