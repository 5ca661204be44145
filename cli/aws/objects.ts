import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import {
  listObjects,
  type ListedPage,
  type ListRequest,
} from '../../functions/shared/state/list-objects.ts';

/** All pages of a listing as one. */
export async function listAll(client: S3Client, request: ListRequest): Promise<ListedPage> {
  const all: ListedPage = { objects: [], prefixes: [] };
  for await (const { objects, prefixes } of listObjects(client, request)) {
    all.objects.push(...objects);
    all.prefixes.push(...prefixes);
  }
  return all;
}

/** The text of a small object; `undefined` where there is none. */
export async function readText(
  client: S3Client,
  place: { Bucket: string; Key: string },
): Promise<string | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand(place));
    return (await Body?.transformToString()) ?? '';
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
