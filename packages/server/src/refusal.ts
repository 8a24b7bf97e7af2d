import { jsonReply, type RegistryReply, type ReplyHeaders } from "./exchange.ts";

/** The codes of distribution-spec, "Error Codes", and the two that registries use beside them. */
export type RefusalCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "RANGE_INVALID"
  | "PAGINATION_NUMBER_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "UNAVAILABLE"
  | "UNKNOWN";

/** Thrown anywhere below the registry's handler, which makes it the answer. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly status: number;
  readonly code: RefusalCode;
  readonly headers: ReplyHeaders;
  readonly detail: unknown;

  constructor(
    status: number,
    code: RefusalCode,
    message: string,
    options: ErrorOptions & { readonly headers?: ReplyHeaders; readonly detail?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? [];
    this.detail = options.detail;
  }
}

/** The error document of distribution-spec, "Error Codes". */
export function refusalReply(refusal: Refusal): RegistryReply {
  const entry = { code: refusal.code, message: refusal.message, detail: refusal.detail };
  return jsonReply(refusal.status, { errors: [entry] }, refusal.headers);
}

/** A request's body, whose breaking off is its sender's doing and no failure of this side. */
export async function* receivedBody(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (cause) {
    throw new Refusal(400, "SIZE_INVALID", "the request's body broke off", { cause });
  }
}
