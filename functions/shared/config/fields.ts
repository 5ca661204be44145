import * as z from 'zod';
import { patternFault } from './globs.ts';
import { isFolderInside, isReserved, normalFolder } from './paths.ts';
import { referencePattern } from './references.ts';

/**
 * What a key says about itself beside its type. The configuration reference, the JSON Schema and
 * the messages about mistakes are all made from these notes.
 */
export interface FieldNotes {
  /** What it does, and in which unit. */
  description?: string;
  /** What may be written, where type and limits alone do not say it. */
  allowed?: string;
  /** Its value is never shown. */
  hidden?: boolean;
  /** Only a reference may be written, never the secret itself. */
  secret?: boolean;
  /** A reference may be written in place of a value. */
  reference?: boolean;
  /** Not a key of the original plugin. */
  added?: boolean;
}

/** Types a set of notes for zod's `meta`. */
export function notes(
  description: string,
  more: Omit<FieldNotes, 'description'> = {},
): FieldNotes & Record<string, unknown> {
  return { description, ...more };
}

/** Whole minutes, in seconds: the resolution of a schedule. */
export function wholeMinutes(seconds: number): number {
  return Math.ceil(seconds / 60) * 60;
}

/** A switch. */
export function flag(initial: boolean, description: string, more = {}): z.ZodDefault<z.ZodBoolean> {
  return z.boolean().default(initial).meta(notes(description, more));
}

/** A secret: the file holds a reference to it and nothing else. */
export function secret(description: string): z.ZodOptional<z.ZodString> {
  const allowed = 'a reference such as ${NAME} (capitals, digits, _), never the secret itself';
  return z
    .string()
    .regex(referencePattern)
    .optional()
    .meta(notes(description, { allowed, secret: true, reference: true, hidden: true }));
}

/** An identifier that may be written out or referred to. */
export function identifier(description: string): z.ZodOptional<z.ZodString> {
  const allowed = 'a text, or a reference such as ${NAME} (capitals, digits, _)';
  return z
    .string()
    .min(1)
    .refine((value) => !value.includes('${') || referencePattern.test(value))
    .optional()
    .meta(notes(description, { allowed, reference: true, hidden: true }));
}

/** Whose secrets a block uses. */
export const credentialsOf = z
  .string()
  .min(1)
  .optional()
  .meta(
    notes(
      'Another agent, whose secret entry of this block answers the references here: for agents ' +
        'that share one account. Two copies of a refresh token that is good for one use would ' +
        'destroy each other.',
      {
        allowed: 'the name of another agent of this deployment that does not use this key itself',
        added: true,
      },
    ),
  );

/** Patterns in rclone's filter syntax. */
export const patterns = z
  .array(
    z
      .string()
      .superRefine((pattern, context) => {
        const fault = patternFault(pattern);
        if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
      })
      .meta({ allowed: 'a pattern in rclone filter syntax, such as "*.log" or "node_modules/**"' }),
  )
  .meta({ allowed: 'a list of patterns in rclone filter syntax' });

/** A folder inside a workspace; normalised to `a/b`, and to nothing for the whole of it. */
export const folderInside = z
  .string()
  .refine(isFolderInside)
  .refine((path) => !isReserved(path), { message: 'lies in a reserved folder' })
  .transform(normalFolder);

/** Options handed to rclone as they are; see the checks for which must be references. */
export const rcloneOptions = z
  .record(
    z.string().regex(/^[A-Za-z0-9_]+$/),
    z.string().meta({ hidden: true, reference: true, allowed: 'a text in quotation marks' }),
  )
  .default({})
  .meta(
    notes(
      'Options of the backend, by the names that rclone gives them. Secret ones (passwords, ' +
        'tokens, keys) must be references.',
      { allowed: 'an object of texts, keyed by names of letters, digits and _' },
    ),
  );

/** Name of a backend of rclone. */
export const rcloneType = z.string().regex(/^[a-z0-9][a-z0-9 _-]*$/);
