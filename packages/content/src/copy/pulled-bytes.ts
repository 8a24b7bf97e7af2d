import type { ByteSink } from "../store.ts";

/**
 * The bytes of a source that hands them to a sink, for a target that asks for them: no copy in between, and the source
 * waits while a chunk is on its way out. A chunk is valid until the next one is asked for.
 *
 * @param fetchInto - Moves the bytes into the sink, and settles when all have been taken. Aborted where the iteration
 * is left early.
 */
export async function* pulledBytes(
  fetchInto: (sink: ByteSink, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  let offered: Offered | undefined;
  let ended = false;
  let wake = (): void => {};
  const sink: ByteSink = {
    write: (chunk) =>
      new Promise((release) => {
        offered = { chunk, release };
        wake();
      }),
  };
  const fetching = fetchInto(sink, AbortSignal.any([signal, left.signal])).finally(() => {
    ended = true;
    wake();
  });
  // It is awaited at the end; until then a failure is nobody's.
  fetching.catch(ignore);
  const next = async (): Promise<Offered | undefined> => {
    if (offered === undefined && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const current = offered;
    offered = undefined;
    return current;
  };
  try {
    for (let current = await next(); current !== undefined; current = await next()) {
      try {
        yield current.chunk.byteLength < COPIED_BYTES ? new Uint8Array(current.chunk) : current.chunk;
      } finally {
        current.release();
      }
    }
    await fetching;
  } finally {
    left.abort();
    await fetching.catch(ignore);
  }
}

interface Offered {
  readonly chunk: Uint8Array;
  release(): void;
}

/** Writers ask for the next chunk before a small one is gone (a stream's `highWaterMark`): those are given away. */
const COPIED_BYTES = 64 * 1024;

function ignore(): void {}
