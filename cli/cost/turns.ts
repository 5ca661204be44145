import * as z from 'zod';
import { listAll } from '../aws/objects.ts';
import { orLeftOut, readState } from '../aws/state.ts';
import { bucketOf, type Context } from '../context.ts';

const recordSchema = z.object({
  turns: z.object({ month: z.string(), count: z.number() }).optional(),
});

function isRecord(value: unknown): value is z.output<typeof recordSchema> {
  return recordSchema.safeParse(value).success;
}

/**
 * Turns that notifications have caused in a month, of one agent or of all.
 * @param leftOut takes what is to be said of records that cannot be read
 */
export async function turnsOf(
  context: Context,
  month: string,
  only: string | undefined,
  leftOut: string[],
): Promise<number> {
  const { objects } = await listAll(context.clients.s3, {
    bucket: bucketOf(context, 'State'),
    prefix: only === undefined ? 'notifications/' : `notifications/${only}.json`,
  });
  const counts = objects.map(async ({ Key }) => {
    const record = await orLeftOut(readState(context, Key, isRecord), leftOut);
    return record?.turns?.month === month ? record.turns.count : 0;
  });
  return (await Promise.all(counts)).reduce((all, count) => all + count, 0);
}
