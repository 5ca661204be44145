import { hash } from 'node:crypto';

/** Characters that Windows does not take in a name. */
// eslint-disable-next-line no-control-regex -- they are among them
const forbidden = /[\u0000-\u001f<>:"\\|?*]/g;
/** Names of devices, whatever comes behind their first dot. */
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i;

/**
 * A path that Windows can hold. Names that it can hold stay as they are; each other one gets a part of
 * its hash, so that two of them do not become one.
 */
export function windowsPath(path: string): string {
  return path.split('/').map(windowsName).join('/');
}

function windowsName(name: string): string {
  const clean = name
    .replace(forbidden, '_')
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length))
    .replace(device, '_$&');
  if (clean === name) return name;
  const dot = clean.lastIndexOf('.');
  const end = dot > 0 ? dot : clean.length;
  return `${clean.slice(0, end)}~${hash('sha256', name).slice(0, 8)}${clean.slice(end)}`;
}
