// The errors of signing in are known by their brand: the package that makes them is not needed at run time.
const AUTH_ERROR = Symbol.for("@reg/auth/error");

/** Whether a token server called a request for a token wrong (400), rather than refused it to the account. */
export function isRefusedScope(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !(AUTH_ERROR in error)) return false;
  return "status" in error && error.status === 400;
}
