import * as z from 'zod';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import { type Field, fieldAt, keysAt, type Path, valueAt } from './schema-walk.ts';
import { secretFix, type Site } from './site.ts';
import { syncKeys } from './sync.ts';
import { allowedText, alternatives, described, shown } from './wording.ts';

/** What a schema found wrong, in words that say what to change. */
export function problemsOf(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  site: Site,
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(schema, [...issue.path, key], input, site));
    }
    const branch = issue.code === 'invalid_union' ? branchOf(issue) : undefined;
    if (branch !== undefined) return problemsOf(schema, branch, input, site);
    return [wrongValue(schema, issue, input, site)];
  });
}

/** Of a union that did not fit, the issues of the form whose type was right. */
function branchOf(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const errors: z.core.$ZodIssue[][] = issue.errors;
  const branch = errors.find((list) => list.every((inner) => !isOtherType(inner)));
  return branch?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function isOtherType(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0 && issue.expected !== 'int';
}

function wrongValue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  input: unknown,
  site: Site,
): Problem {
  const field = fieldAt(schema, issue.path, input);
  const value = valueAt(input, issue.path);
  const allowed = field
    ? allowedText(field)
    : 'options' in issue
      ? optionsOf(issue)
      : 'see the docs';
  const why = issue.code === 'custom' && issue.message !== 'Invalid input' ? issue.message : '';
  const given =
    issue.code === 'invalid_key' ? 'a name that rclone cannot have' : shown(value, field);
  return {
    key: site.keyOf(issue.path),
    value: why === '' ? given : `${given}, which ${why}`,
    allowed,
    fix: field?.secret === true ? secretFix(site, issue.path) : fixFor(value, allowed, field),
  };
}

function optionsOf(issue: object): string {
  const options: unknown = Reflect.get(issue, 'options');
  return Array.isArray(options) ? alternatives(options.map((item) => JSON.stringify(item))) : '';
}

function fixFor(value: unknown, allowed: string, field: Field | undefined): string {
  const unquoted = field && withoutQuotes(value, field);
  if (unquoted !== undefined) return `Write ${unquoted} without the quotation marks`;
  if (field?.schema instanceof z.ZodEnum && typeof value === 'string') {
    const meant = nearest(value, field.schema.options.map(String));
    if (meant !== undefined) return `Did you mean "${meant}"?`;
  }
  if (value === undefined) return `Add it: ${allowed}`;
  if (field === undefined || field.required) return `Write ${allowed}`;
  const initial = field.initial;
  return initial === undefined || typeof initial === 'object'
    ? `Write ${allowed}, or remove the key`
    : `Write ${allowed}, or remove the key for the default, ${JSON.stringify(initial)}`;
}

/** A number or a switch that was written as a text, as it should have been written. */
function withoutQuotes(value: unknown, field: Field): string | undefined {
  if (typeof value !== 'string' || field.hidden === true) return undefined;
  if (field.schema instanceof z.ZodNumber && /^\d{1,15}$/.test(value)) return value;
  const isSwitch = field.schema instanceof z.ZodBoolean && /^(?:true|false)$/.test(value);
  return isSwitch ? value : undefined;
}

function unknownKey(schema: z.ZodType, path: Path, input: unknown, site: Site): Problem {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const known = keysAt(schema, parent, input).filter((name) => name !== 'name');
  const meant = nearest(key, known);
  const value = valueAt(input, path);
  const moved = parent.length === 0 && syncKeys.includes(key) ? 'Move it into "sync"' : undefined;
  return {
    key: site.keyOf(path),
    value: `an unknown key with ${typeof value === 'string' ? described(value) : shown(value)}`,
    allowed: alternatives(known.map((name) => `"${name}"`)),
    fix: moved ?? (meant ? `Did you mean "${meant}"?` : 'Remove it'),
  };
}
