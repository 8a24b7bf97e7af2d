const BRAND = Symbol.for("@reg/client/error");

/**
 * - `NOT_FOUND`: 404, or the registry's code for an unknown name, manifest or blob.
 * - `UNAUTHENTICATED`: 401 that no credential could lift.
 * - `FORBIDDEN`: 403, `DENIED`.
 * - `RATE_LIMITED`: 429, after the retries.
 * - `INVALID`: the registry refused what was sent as wrong (400, 409, 411, 413, 416).
 * - `UNSUPPORTED`: the registry does not do this (405, 501, `UNSUPPORTED`).
 * - `UNAVAILABLE`: 5xx, after the retries.
 * - `PROTOCOL`: the answer contradicts the specification or itself.
 * - `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `SIZE_EXCEEDED`: the bytes are not what was asked for.
 * - `POLICY_REFUSED`: a `Location` or `Link` the security rules refuse.
 */
export type RegistryErrorCode =
  | "NOT_FOUND"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "RATE_LIMITED"
  | "INVALID"
  | "UNSUPPORTED"
  | "UNAVAILABLE"
  | "PROTOCOL"
  | "DIGEST_MISMATCH"
  | "SIZE_MISMATCH"
  | "SIZE_EXCEEDED"
  | "POLICY_REFUSED";

/** One entry of the error list a registry answers with (distribution-spec, "Error Codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message?: string;
  readonly detail?: unknown;
}

export interface RegistryErrorOptions extends ErrorOptions {
  readonly status?: number | undefined;
  /** As the registry sent them. */
  readonly errors?: readonly RegistryErrorEntry[] | undefined;
  readonly retryable?: boolean | undefined;
  readonly registry?: string | undefined;
  readonly repository?: string | undefined;
}

/** What a registry refused, or answered wrongly. */
export class RegistryError extends Error {
  static {
    Object.defineProperty(RegistryError.prototype, BRAND, { value: true });
  }

  override readonly name: string = "RegistryError";
  readonly code: RegistryErrorCode;
  readonly status?: number;
  /** As the registry sent them, but that characters which steer a terminal are escaped. */
  readonly errors: readonly RegistryErrorEntry[];
  readonly retryable: boolean;
  readonly registry?: string;
  readonly repository?: string;

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryable = options.retryable ?? false;
    if (options.status !== undefined) this.status = options.status;
    if (options.registry !== undefined) this.registry = options.registry;
    if (options.repository !== undefined) this.repository = options.repository;
  }
}

/**
 * Recognises the error also when it comes from another installed copy of this package.
 *
 * @example
 * ```ts
 * import { isRegistryError, RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * await client.manifests.get("localhost:5000/demo:1.0").catch((error: unknown) => {
 *   if (isRegistryError(error) && error.code === "NOT_FOUND") return undefined;
 *   throw error;
 * });
 * ```
 */
export function isRegistryError(error: unknown): error is RegistryError {
  return typeof error === "object" && error !== null && BRAND in error;
}
