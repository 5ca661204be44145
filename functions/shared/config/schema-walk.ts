import * as z from 'zod';
import type { FieldNotes } from './fields.ts';

/** A key as its schema describes it. */
export interface Field extends FieldNotes {
  /** The schema without what is wrapped around it: defaults, `optional`, transformations. */
  schema: z.ZodType;
  /** What holds where the key is absent. */
  initial?: unknown;
  required: boolean;
}

export type Path = readonly PropertyKey[];

/** Collects the notes and the default of a schema, from the outside in. */
export function fieldOf(schema: z.ZodType): Field {
  const inner = inside(schema);
  const noted: FieldNotes & Record<string, unknown> = withoutAbsent(schema.meta() ?? {});
  if (inner === undefined) return { required: true, ...noted, schema };
  const field = { ...fieldOf(inner), ...noted };
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return { ...field, initial: schema.def.defaultValue, required: false };
  }
  return schema instanceof z.ZodOptional ? { ...field, required: false } : field;
}

function withoutAbsent(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function inside(schema: z.ZodType): z.ZodType | undefined {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
  ) {
    return typed(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? typed(schema.in) : undefined;
}

function typed(schema: unknown): z.ZodType | undefined {
  return schema instanceof z.ZodType ? schema : undefined;
}

/** The field at a path. Where a union has several forms, `input` decides which one is meant. */
export function fieldAt(root: z.ZodType, path: Path, input: unknown): Field | undefined {
  const field = fieldOf(root);
  const [key, ...rest] = path;
  if (key === undefined) return field;
  const next = childOf(formOf(field.schema, input), key);
  return next && fieldAt(next, rest, valueAt(input, [key]));
}

function childOf(schema: z.ZodType | undefined, key: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return typed(own(schema.shape, key));
  if (schema instanceof z.ZodArray) return typed(schema.element);
  return schema instanceof z.ZodRecord ? typed(schema.valueType) : undefined;
}

/** The keys that an object may have at a path. */
export function keysAt(root: z.ZodType, path: Path, input: unknown): string[] {
  const field = fieldAt(root, path, input);
  const form = field && formOf(field.schema, valueAt(input, path));
  return form instanceof z.ZodObject ? Object.keys(form.shape) : [];
}

/** Of a union the object that the input means to be: the one whose literals it has. */
function formOf(schema: z.ZodType, input: unknown): z.ZodType | undefined {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const objects = schema.options.filter((option) => option instanceof z.ZodObject);
  return objects.find((option) =>
    Object.entries(option.shape).every(
      ([key, value]) => !(value instanceof z.ZodLiteral) || value.value === valueAt(input, [key]),
    ),
  );
}

/** What stands at a path of unknown data. */
export function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => own(value, key), input);
}

function own(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}
