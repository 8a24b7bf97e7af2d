const BRAND = Symbol.for("@reg/transport/error");

/**
 * - `NETWORK`: no connection, a reset, a name that does not resolve.
 * - `TIMEOUT`: one of the deadlines passed; the message names it.
 * - `TLS`: the certificate or the handshake was refused.
 * - `TRUNCATED`: the body ended before its announced length.
 * - `PROTOCOL`: the answer is not what HTTP allows, or contradicts itself.
 * - `SIZE_EXCEEDED`: the answer is larger than the limit for its kind.
 * - `POLICY_REFUSED`: a redirect or address that the security rules refuse; the message names the option.
 * - `UNSUPPORTED`: this engine cannot do what an option asks for.
 * - `CONFIG`: an option or configuration file is wrong.
 */
export type TransportErrorCode =
  | "NETWORK"
  | "TIMEOUT"
  | "TLS"
  | "TRUNCATED"
  | "PROTOCOL"
  | "SIZE_EXCEEDED"
  | "POLICY_REFUSED"
  | "UNSUPPORTED"
  | "CONFIG";

/** What a {@link TransportError} may say beyond its code and message. */
export interface TransportErrorOptions extends ErrorOptions {
  /** Whether the same request may succeed when it is tried again. */
  readonly retryable?: boolean;
  /** Bytes of the body that came, or that the sink took, before it broke. */
  readonly received?: number | undefined;
  /** True where the request cannot have reached a server: no connection came about. */
  readonly neverSent?: boolean;
}

/** Where no answer came, or none that may be used. The message never holds a query string, userinfo or token. */
export class TransportError extends Error {
  static {
    Object.defineProperty(TransportError.prototype, BRAND, { value: true });
  }

  override readonly name: string = "TransportError";
  readonly code: TransportErrorCode;
  readonly retryable: boolean;
  /** Bytes of the body that came, or that the sink took, before it broke; undefined where no answer had begun. */
  readonly received: number | undefined;
  /** True where the request cannot have reached a server, so that even a POST may be sent again. */
  readonly neverSent: boolean;

  constructor(code: TransportErrorCode, message: string, options: TransportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? (code === "NETWORK" || code === "TIMEOUT" || code === "TRUNCATED");
    this.received = options.received;
    this.neverSent = options.neverSent ?? false;
  }
}

/** Recognises the error also when it comes from another installed copy of this package. */
export function isTransportError(error: unknown): error is TransportError {
  return typeof error === "object" && error !== null && BRAND in error;
}
