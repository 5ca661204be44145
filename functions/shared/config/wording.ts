import * as z from 'zod';
import { isRecord } from './raw.ts';
import type { Field } from './schema-walk.ts';

const longest = 60;

/** `a, b or c`. */
export function alternatives(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} or ${last}`;
}

/** What may be written for a field. */
export function allowedText(field: Field): string {
  return field.allowed ?? allowedBySchema(field.schema);
}

function allowedBySchema(schema: z.ZodType): string {
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) {
    const values: unknown[] = schema instanceof z.ZodEnum ? schema.options : [...schema.values];
    return alternatives(values.map((value) => JSON.stringify(value)));
  }
  if (schema instanceof z.ZodNumber) return numberText(schema);
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodArray) return 'a list';
  return schema instanceof z.ZodString ? 'a text' : 'an object';
}

function numberText(schema: z.ZodNumber): string {
  const noun = schema.format === 'safeint' ? 'a whole number' : 'a number';
  const from = limit(schema.minValue, 'from');
  const to = limit(schema.maxValue, 'to');
  return [noun, from, to].filter((part) => part !== '').join(' ');
}

function limit(value: number | null, word: string): string {
  return value === null || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? '' : `${word} ${value}`;
}

/** The value as a message may show it: shortened, and described only where it may be a secret. */
export function shown(value: unknown, field?: Partial<Field>): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return 'an object';
  if (value === null) return 'null';
  if (field === undefined || isGuarded(field)) return described(value);
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}

/** A key whose value may be a secret: it holds one, or a block stands there that may hold one. */
function isGuarded({ hidden, schema }: Partial<Field>): boolean {
  const isBlock =
    schema instanceof z.ZodObject ||
    schema instanceof z.ZodRecord ||
    schema instanceof z.ZodDiscriminatedUnion;
  return hidden === true || isBlock;
}

/** A value that must not be quoted. */
export function described(value: unknown): string {
  return typeof value === 'string'
    ? `a literal of ${value.length} character${value.length === 1 ? '' : 's'} (not shown)`
    : `a ${typeof value} (not shown)`;
}
