import type { Finding } from './check-provider.ts';
import { isRecord, objectAt, type Raw } from './raw.ts';
import { referencePattern } from './references.ts';
import { holdsSecret, isSecretOption } from './secret-options.ts';
import type { Path } from './schema-walk.ts';
import { secretFix, type Site } from './site.ts';
import { described } from './wording.ts';

/** The options that are handed to rclone: which of them must be references depends on the name. */
export function checkOptions(blocks: Raw, site: Site): Finding[] {
  const places: [Path, Raw][] = [
    [['workspace'], objectAt(blocks, 'workspace')],
    [['sync', 'custom'], objectAt(objectAt(blocks, 'sync'), 'custom')],
    [['backup', 'custom'], objectAt(objectAt(blocks, 'backup'), 'custom')],
  ];
  return places.flatMap(([path, raw]) => {
    const options = raw['rcloneOptions'];
    if (!isRecord(options)) return [];
    return Object.entries(options).flatMap(([name, value]) => {
      const at = [...path, 'rcloneOptions', name];
      return typeof value === 'string' ? checkOption(at, name, value, site) : [];
    });
  });
}

function checkOption(path: Path, name: string, value: string, site: Site): Finding[] {
  if (referencePattern.test(value)) return [];
  const given = described(value);
  if (isSecretOption(name) || holdsSecret(value)) {
    const allowed = 'a reference such as ${NAME} (capitals, digits, _), never the secret itself';
    return [{ path, value: given, allowed, fix: secretFix(site, path) }];
  }
  if (!value.includes('${') && !/\p{Cc}/u.test(value)) return [];
  return [
    {
      path,
      value: given,
      allowed: 'a text of one line, or a reference such as ${NAME} as the whole value',
      fix: 'Write the value in full, or let the secret hold all of it',
    },
  ];
}
