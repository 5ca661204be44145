import * as z from 'zod';
import { listAll } from '../aws/objects.ts';
import { readState } from '../aws/state.ts';
import { bucketOf, type Context } from '../context.ts';

const recordSchema = z.object({
  turns: z.object({ month: z.string(), count: z.number() }).optional(),
});

/** Turns that notifications have caused in a month, of one agent or of all. */
export async function turnsOf(
  context: Context,
  month: string,
  only: string | undefined,
): Promise<number> {
  const { objects } = await listAll(context.clients.s3, {
    bucket: bucketOf(context, 'State'),
    prefix: only === undefined ? 'notifications/' : `notifications/${only}.json`,
  });
  const counts = objects.map(async ({ Key }) => {
    const { data } = recordSchema.safeParse(await readState(context, Key));
    return data?.turns?.month === month ? data.turns.count : 0;
  });
  return (await Promise.all(counts)).reduce((all, count) => all + count, 0);
}
