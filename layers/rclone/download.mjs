/**
 * Run as a process of its own, so that its caller can wait for it without becoming asynchronous:
 * `node download.mjs <url> <file> [patience in ms]`. Gives up on a site that does not begin to answer within five
 * seconds, or does not finish within three minutes.
 */
/* global AbortController, clearTimeout */
import { writeFileSync } from 'node:fs';

const [url, file, patienceMs = '5000'] = process.argv.slice(2);
const giveUp = new AbortController();
const patience = setTimeout(
  () => giveUp.abort(new Error(`no answer within ${patienceMs} ms`)),
  Number(patienceMs),
);

try {
  const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(180_000)]);
  const response = await fetch(url, { signal });
  clearTimeout(patience);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
} catch (error) {
  console.error(`${error.cause?.message ?? error.message}`);
  process.exit(1);
}
