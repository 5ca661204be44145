/**
 * Starts `work` on up to `window` items at once and yields the results in the order of the items.
 * It asks for the next item only when its consumer asks for the next result. The first failure, be it
 * the items' or the work's, is thrown when all work under way has ended; so is an early return.
 */
export async function* inOrder<T, R>(
  window: number,
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Its failure is thrown when its turn comes; until then nobody listens.
      result.catch(() => undefined);
      underWay.push(result);
      if (underWay.length >= window) yield* first(underWay);
    }
    while (underWay.length > 0) yield* first(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
}

async function* first<R>(underWay: Promise<R>[]): AsyncGenerator<R, void, void> {
  const result = underWay.shift();
  if (result !== undefined) yield await result;
}
