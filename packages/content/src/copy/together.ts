/**
 * Runs work that does many things at once, so that it ends as one: the first failure, or the caller's signal, stops
 * everything that has been given the inner signal. Rejects with the caller's reason or with that first failure, not
 * with what was stopped by it.
 */
export async function together<T>(
  signal: AbortSignal | undefined,
  work: (inner: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const inner = new AbortController();
  const stop = (): void => inner.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await work(inner);
  } catch (error) {
    const first: unknown = inner.signal.aborted ? inner.signal.reason : error;
    inner.abort(error);
    throw first;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
