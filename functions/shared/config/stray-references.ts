import type * as z from 'zod';
import type { Finding } from './check-provider.ts';
import { fieldAt, type Path } from './schema-walk.ts';
import { described } from './wording.ts';

/**
 * References in keys that do not take any. Left alone, `"remotePath": "${FOLDER}"` would make a
 * folder of that name.
 */
export function strayReferences(schema: z.ZodType, input: unknown): Finding[] {
  return textsIn(input, []).flatMap(({ path, text }) => {
    const field = text.includes('${') ? fieldAt(schema, path, input) : undefined;
    if (field === undefined || field.reference === true) return [];
    return [
      {
        path,
        value: described(text),
        allowed: 'the value itself: only secrets and rclone’s options can be references',
        fix: 'Write the value in full, without ${…}',
      },
    ];
  });
}

function textsIn(value: unknown, path: Path): { path: Path; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    textsIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}
