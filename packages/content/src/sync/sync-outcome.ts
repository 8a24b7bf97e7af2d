import { failedSide, type Side } from "../copy/side.ts";

/** What an error says, as data. */
export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly side?: Side | undefined;
}

/** A rule whose tags could not be listed. */
export interface SyncFailure {
  readonly from: string;
  readonly to: string;
  readonly error: ErrorFacts;
}

export function errorFacts(error: unknown): ErrorFacts {
  const side = failedSide(error);
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  return {
    code,
    message: error instanceof Error ? error.message : String(error),
    ...(side === undefined ? {} : { side }),
  };
}
