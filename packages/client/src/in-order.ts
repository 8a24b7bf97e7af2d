/**
 * Does the same work for each item, several at a time, and gives the results in the order of the items. No more is
 * begun than is in flight or waiting to be taken: a listing of any length stays in bounded memory.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  const next = async (): Promise<R> => {
    const first = running.shift();
    if (first === undefined) throw new RangeError("nothing is running");
    return first;
  };
  try {
    for await (const item of items) {
      const result = work(item);
      // Its turn may come late; until then its failure is nobody's.
      result.catch(() => undefined);
      running.push(result);
      if (running.length >= Math.max(1, concurrency)) yield await next();
    }
    while (running.length > 0) yield await next();
  } finally {
    running.length = 0;
  }
}
