import type { ExitCode } from "./command.ts";

/** What each exit code means, for help and manual. */
export const EXIT_CODES: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "failed",
  2: "wrong usage",
  3: "not found",
  4: "authentication or authorisation",
  5: "network",
  6: "verification failed",
  7: "refused by policy",
};

/** Shells report a process that Ctrl-C ended as 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** As above, for SIGTERM. */
export const EXIT_TERMINATED = 143;

/** Error codes of every package, as exit codes. What is not listed is 1. */
export const EXIT_OF_ERROR: Readonly<Record<string, ExitCode>> = {
  USAGE: 2,
  CONFIG: 2,
  NOT_FOUND: 3,
  UNAUTHENTICATED: 4,
  FORBIDDEN: 4,
  NETWORK: 5,
  TIMEOUT: 5,
  TLS: 5,
  TRUNCATED: 5,
  DIGEST_MISMATCH: 6,
  SIZE_MISMATCH: 6,
  POLICY_REFUSED: 7,
  SIZE_EXCEEDED: 7,
};
