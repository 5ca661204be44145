import type { Place } from './command.ts';
import { RcloneError, type RcloneSession } from './session.ts';

/**
 * SHA-256 of the named files below a place, read back from where they lie.
 * @throws RcloneError where one of them cannot be read.
 */
export async function hashNamed(
  session: RcloneSession,
  from: Place,
  names: string[],
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const result = await session.run({ kind: 'hash-named', from, files: names });
  if (result.outcome !== 'done') throw new RcloneError('Files cannot be read back', result);
  return new Map(
    result.stdout.split('\n').flatMap((line) => {
      const found = /^([0-9a-f]{64}) {2}(.*)$/s.exec(line);
      return found ? [[found[2] ?? '', found[1] ?? ''] as const] : [];
    }),
  );
}
