import { WorkspaceSyncError } from '../errors.ts';

/**
 * A type that a link allows: an extension with its dot (`.pdf`), a media type (`image/png`) or a
 * family of them (`image/*`), in lower case.
 */
export type FileType = string;

const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)$/;
const extension = /^\.?[a-z0-9][a-z0-9_-]{0,15}$/;

/**
 * Reads a type as a person writes it: `pdf`, `.PDF`, `image/*`.
 * @throws FileTypeError where it is none.
 */
export function parseFileType(text: string): FileType {
  const type = text.trim().toLowerCase();
  if (mediaType.test(type)) return type;
  if (extension.test(type)) return type.startsWith('.') ? type : `.${type}`;
  throw new FileTypeError(text);
}

/** Whether the types can be told apart by the name alone. */
export function needContentType(types: readonly FileType[]): boolean {
  return types.some(isMediaType);
}

/** Whether one of the types fits. No types at all allow everything. */
export function isAllowedType(
  types: readonly FileType[],
  file: { name: string; contentType?: string | undefined },
): boolean {
  if (types.length === 0) return true;
  const name = file.name.toLowerCase();
  const contentType = withoutParameters(file.contentType);
  return types.some((type) => (isMediaType(type) ? fits(type, contentType) : name.endsWith(type)));
}

/**
 * What a form's policy can say of the content type: its operands are joined by "and", so of several
 * types only what all of them begin with. The drain looks again.
 */
export function contentTypeCondition(
  types: readonly FileType[],
): ['eq' | 'starts-with', '$Content-Type', string] {
  const [first] = types;
  if (first === undefined || !types.every(isMediaType)) return ['starts-with', '$Content-Type', ''];
  if (types.length === 1 && !first.endsWith('*')) return ['eq', '$Content-Type', first];
  const stems = types.map((type) => type.replace(/\*$/, ''));
  return ['starts-with', '$Content-Type', stems.reduce(commonBeginning)];
}

function commonBeginning(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

function isMediaType(type: FileType): boolean {
  return type.includes('/');
}

function fits(type: FileType, contentType: string): boolean {
  return type.endsWith('/*') ? contentType.startsWith(type.slice(0, -1)) : contentType === type;
}

function withoutParameters(contentType = ''): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** What was given for a type is none. */
export class FileTypeError extends WorkspaceSyncError {
  constructor(given: string) {
    super(
      `"${given}" is no file type. Give an extension such as "pdf", a media type such as ` +
        '"image/png", or a family of them such as "image/*".',
      { code: 'file-type', retryable: false },
    );
  }
}
