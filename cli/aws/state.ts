import { GetObjectCommand, NoSuchKey } from '@aws-sdk/client-s3';
import { bucketOf, type Context } from '../context.ts';

/** A JSON record of the state bucket; `undefined` where there is none. */
export async function readState<T>(
  context: Pick<Context, 'clients' | 'deployment'>,
  key: string,
): Promise<T | undefined> {
  try {
    const Bucket = bucketOf(context, 'State');
    const { Body } = await context.clients.s3.send(new GetObjectCommand({ Bucket, Key: key }));
    return JSON.parse((await Body?.transformToString()) ?? 'null') as T;
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
