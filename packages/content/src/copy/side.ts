/** The two ends of a copy. */
export type Side = "source" | "target";

/**
 * Which end of a copy an error came from; `undefined` where neither did (the caller aborted, an option was wrong). Any
 * error that leaves the copy engine is asked, of whatever class: it keeps its own class and code.
 *
 * @example
 * ```ts
 * import { failedSide } from "@reg/content";
 * const explain = (error: Error) => `${failedSide(error) ?? "copy"}: ${error.message}`;
 * ```
 */
export function failedSide(error: unknown): Side | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    const { side } = current as Error & { readonly side?: unknown };
    if (side === "source" || side === "target") return side;
    current = current.cause;
  }
  return undefined;
}

/** Runs one end's part of the work; an error out of it says which end that was. */
export async function onSide<T>(
  side: Side,
  signal: AbortSignal | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw markSide(error, side, signal);
  }
}

/**
 * Marks an error, unless an earlier mark is on it or on its cause: the end nearest to the fault knows best. Reasons of
 * an abort belong to the caller and stay as they are.
 */
export function markSide(error: unknown, side: Side, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted && error === signal.reason) return error;
  if (error instanceof Error && error.name !== "AbortError" && failedSide(error) === undefined) {
    if (Object.isExtensible(error)) Object.defineProperty(error, "side", { value: side, configurable: true });
  }
  return error;
}

/** Chains of causes longer than this are somebody's mistake. */
const MAX_CAUSES = 16;
