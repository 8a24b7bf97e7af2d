/** Ends an attempt that is no longer wanted. */
export type Attempt<A, R> = (address: A, signal: AbortSignal) => Promise<R>;

/**
 * Tries addresses in order, the next one beside those under way as soon as one fails or `delayMs` have passed (RFC 8305,
 * section 5). The first to succeed wins, and the others are aborted; where all fail, an AggregateError of their reasons.
 */
export async function race<A, R>(
  addresses: readonly A[],
  attempt: Attempt<A, R>,
  options: { readonly delayMs: number; readonly signal: AbortSignal },
): Promise<R> {
  options.signal.throwIfAborted();
  const [only] = addresses;
  if (addresses.length === 1 && only !== undefined) {
    // Nobody to race with, as with most hosts; what it takes to end losers costs a tenth of a connection.
    return attempt(only, options.signal).catch((error: unknown) => {
      options.signal.throwIfAborted();
      throw new AggregateError([error], NONE_REACHED);
    });
  }
  const losers = new AbortController();
  const signal = AbortSignal.any([losers.signal, options.signal]);
  const errors: unknown[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = (): void => undefined;
  try {
    return await new Promise<R>((resolve, reject) => {
      let started = 0;
      const aborted = (): void => reject(options.signal.reason);
      options.signal.addEventListener("abort", aborted, { once: true });
      stop = () => options.signal.removeEventListener("abort", aborted);
      const startNext = (): void => {
        clearTimeout(timer);
        const address = addresses[started];
        if (address === undefined) return;
        started++;
        if (started < addresses.length) timer = setTimeout(startNext, options.delayMs);
        attempt(address, signal).then(resolve, (error: unknown) => {
          errors.push(error);
          if (errors.length === addresses.length) reject(new AggregateError(errors, NONE_REACHED));
          else startNext();
        });
      };
      startNext();
    });
  } finally {
    clearTimeout(timer);
    stop();
    losers.abort();
  }
}

const NONE_REACHED = "No address could be reached";

/** One of each kind in turn, the second argument's first where both have some. */
export function interleave<T>(first: readonly T[], second: readonly T[]): T[] {
  const mixed: T[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    mixed.push(...first.slice(index, index + 1), ...second.slice(index, index + 1));
  }
  return mixed;
}
