const BRAND = Symbol.for("@reg/content/error");

/**
 * - `NOT_FOUND`: the store has nothing by that name.
 * - `DIGEST_MISMATCH`: the bytes are not those the digest names.
 * - `SIZE_MISMATCH`: fewer or more bytes than the descriptor says.
 * - `SIZE_EXCEEDED`: larger than the limit for its kind.
 * - `INVALID`: a document, descriptor or archive is not what the specification allows; the message says where.
 * - `UNSUPPORTED`: a format, algorithm or operation this store cannot do.
 * - `POLICY_REFUSED`: a path or link that would leave its folder, or content that is not copied unless asked for.
 * - `STORAGE`: the disk refused; `cause` has the system's error.
 */
export type ContentErrorCode =
  | "NOT_FOUND"
  | "DIGEST_MISMATCH"
  | "SIZE_MISMATCH"
  | "SIZE_EXCEEDED"
  | "INVALID"
  | "UNSUPPORTED"
  | "POLICY_REFUSED"
  | "STORAGE";

/** What is wrong with content, or with the place it is kept in. */
export class ContentError extends Error {
  static {
    Object.defineProperty(ContentError.prototype, BRAND, { value: true });
  }

  override readonly name: string = "ContentError";
  readonly code: ContentErrorCode;
  /** Which side of a copy failed, where the error left one. */
  readonly side?: "source" | "target";

  constructor(
    code: ContentErrorCode,
    message: string,
    options: ErrorOptions & { readonly side?: "source" | "target" } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.side !== undefined) this.side = options.side;
  }
}

/** Recognises the error also when it comes from another installed copy of this package. */
export function isContentError(error: unknown): error is ContentError {
  return typeof error === "object" && error !== null && BRAND in error;
}
