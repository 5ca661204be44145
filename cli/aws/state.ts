import { bucketOf, type Context } from '../context.ts';
import { readText } from './objects.ts';

/** A JSON record of the state bucket; `undefined` where there is none. */
export async function readState<T>(
  context: Pick<Context, 'clients' | 'deployment'>,
  key: string,
): Promise<T | undefined> {
  const place = { Bucket: bucketOf(context, 'State'), Key: key };
  const text = await readText(context.clients.s3, place);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
