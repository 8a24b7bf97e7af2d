// The errors of a transport are known by their brand: the package that makes them is not needed at run time.
const TRANSPORT_ERROR = Symbol.for("@reg/transport/error");

/** The code of a transport's error; `undefined` for every other one. */
export function transportCode(error: unknown): string | undefined {
  // A branded error has the members its class declares.
  return isBranded(error) ? (error as { readonly code: string }).code : undefined;
}

/** Whether the connection is to blame, and the same request may succeed when it is made again. */
export function isTransient(error: unknown): boolean {
  // As above.
  return isBranded(error) && (error as { readonly retryable: boolean }).retryable;
}

/**
 * Whether the connection broke within the body of an answer, rather than before one came. For the time before, a
 * transport has its own rules about trying again, and has followed them.
 */
export function brokeWithinBody(error: unknown): boolean {
  // As above; only errors from behind the head of an answer carry it.
  return isTransient(error) && (error as { readonly received?: number }).received !== undefined;
}

/** Why something is tried again, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Waits before another attempt: exponential from 250 ms with full jitter, 8 s at most; aborts with the signal's reason. */
export async function backoff(attempt: number, signal?: AbortSignal): Promise<void> {
  const ceiling = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1), LAST_PAUSE_MILLISECONDS);
  await new Promise<void>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, Math.random() * ceiling);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

const FIRST_PAUSE_MILLISECONDS = 250;
const LAST_PAUSE_MILLISECONDS = 8_000;

function isBranded(error: unknown): boolean {
  return typeof error === "object" && error !== null && TRANSPORT_ERROR in error;
}
