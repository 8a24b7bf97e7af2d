const BRAND = Symbol.for("@reg/auth/error");

/**
 * - `UNAUTHENTICATED`: the token server refused the credential, or refused to go on without one.
 * - `POLICY_REFUSED`: a secret would have gone where the security rules do not let it go; the message names the option.
 * - `PROTOCOL`: a challenge or a token server's answer is not what the specifications allow.
 * - `SIZE_EXCEEDED`: an answer, a file or a helper's output is larger than the limit for its kind.
 * - `CONFIG`: an option, a configuration file or an entry in it is wrong; the message names file and host.
 * - `HELPER_FAILED`: a credential helper is missing, failed, or took too long.
 * - `UNAVAILABLE`: the token server answered, but cannot serve now (429, 5xx).
 * - `UNSUPPORTED`: this store cannot do what was asked, such as writing.
 */
export type AuthErrorCode =
  | "UNAUTHENTICATED"
  | "POLICY_REFUSED"
  | "PROTOCOL"
  | "SIZE_EXCEEDED"
  | "CONFIG"
  | "HELPER_FAILED"
  | "UNAVAILABLE"
  | "UNSUPPORTED";

export interface AuthErrorOptions extends ErrorOptions {
  /** The token server's status, where it answered. */
  readonly status?: number;
  /** Whether the same request may succeed when it is tried again. */
  readonly retryable?: boolean;
  /** The registry it was about. */
  readonly registry?: string;
}

/** Why signing in failed. The message never holds a secret, a token or an unescaped control character. */
export class AuthError extends Error {
  static {
    Object.defineProperty(AuthError.prototype, BRAND, { value: true });
  }

  override readonly name: string = "AuthError";
  readonly code: AuthErrorCode;
  readonly status?: number;
  readonly retryable: boolean;
  readonly registry?: string;

  constructor(code: AuthErrorCode, message: string, options: AuthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? code === "UNAVAILABLE";
    if (options.status !== undefined) this.status = options.status;
    if (options.registry !== undefined) this.registry = options.registry;
  }
}

/** Recognises the error also when it comes from another installed copy of this package. */
export function isAuthError(error: unknown): error is AuthError {
  return typeof error === "object" && error !== null && BRAND in error;
}
