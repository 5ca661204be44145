const secretEnding =
  /(?:pass|passw(?:or)?d|passphrase|secret|token|key|pem|credentials?|cookie|psk)\d*$/;
const secretPart = /(?:secret|passw(?:or)?d|passphrase)/;
const others = new Set(['sas_url', 'connection_string', '2fa', 'sse_customer_key_base64']);
/** Names of files, ids, commands and public halves; `ask_password` is a switch. */
const harmless = /(?:_file|_id|_command|_url|pubkey|public_key|ask_password|_cache_path)$/;

/** Whether an option of an rclone backend holds a secret, as far as its name tells. */
export function isSecretOption(name: string): boolean {
  const option = name.toLowerCase();
  if (others.has(option)) return true;
  if (harmless.test(option)) return false;
  return secretEnding.test(option) || secretPart.test(option);
}

/** Whether a text is a URL with a password in it. */
export function holdsPassword(text: string): boolean {
  return /:\/\/[^/\s]*:[^/\s]*@/.test(text);
}
