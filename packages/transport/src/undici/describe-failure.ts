import { isTransportError, TransportError } from "../errors.ts";
import type { TransportRequest } from "../transport.ts";
import { certificateOf, describeTlsFailure, isTlsFailure } from "./describe-tls-failure.ts";
import { codeOf } from "./error-code.ts";

/** Failures of a connection that a further attempt may not meet, by the code of Node or undici. */
const NETWORK_PROBLEMS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "the name could not be looked up for the moment",
  EADDRNOTAVAIL: "the local address cannot be used",
  ECONNABORTED: "the connection was given up",
  ECONNREFUSED: "the connection was refused: nothing listens there",
  ECONNRESET: "the connection was reset",
  EHOSTDOWN: "the host is down",
  EHOSTUNREACH: "there is no route to the host",
  ENETDOWN: "the network is down",
  ENETUNREACH: "there is no route to the network",
  ENOTFOUND: "the name is not known",
  EPIPE: "the connection was closed while the request was being sent",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CLOSED: "the transport was closed meanwhile",
  UND_ERR_DESTROYED: "the transport was closed meanwhile",
  UND_ERR_SOCKET: "the connection was closed before the answer came",
};
/** The ways in which a body ends too early. */
const CUT_SHORT: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_SOCKET",
]);
/** Names that a name server may know again in a moment; a name that does not exist stays unknown. */
const FINAL: ReadonlySet<string> = new Set(["ENOTFOUND", "UND_ERR_CLOSED", "UND_ERR_DESTROYED"]);
const TIMEOUTS: ReadonlySet<string> = new Set([
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
]);

/**
 * What undici or Node reports, as an error of ours.
 *
 * @param received - bytes of the body that came, or undefined while its head is awaited.
 */
export function describeFailure(error: unknown, request: TransportRequest, received?: number): unknown {
  if (request.signal?.aborted === true) return request.signal.reason;
  if (isTransportError(error)) return error;
  const code = codeOf(error);
  const host = request.url.host;
  const options = { cause: error, received };
  if (received === undefined && isTlsFailure(error))
    return describeTlsFailure(error, host, certificateOf(error));
  if (TIMEOUTS.has(code)) {
    const neverSent = code === "UND_ERR_CONNECT_TIMEOUT";
    return new TransportError("TIMEOUT", `${host} took too long (${code})`, { ...options, neverSent });
  }
  const refusal = describeProxyRefusal(error, host);
  if (refusal !== undefined) return refusal;
  if (received !== undefined && (CUT_SHORT.has(code) || isEndOfFile(error))) {
    return new TransportError("TRUNCATED", `The body from ${host} ended after ${received} bytes`, options);
  }
  if (
    isParserError(error) ||
    // Before the head is complete, undici says so of any answer that cannot be parsed.
    code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" ||
    code === "UND_ERR_HEADERS_OVERFLOW" ||
    code === "UND_ERR_RES_EXCEEDED_MAX_SIZE"
  ) {
    const what =
      code === "UND_ERR_HEADERS_OVERFLOW"
        ? "its header fields are too large"
        : "it is not HTTP as it should be";
    return new TransportError("PROTOCOL", `The answer of ${host} cannot be used: ${what}`, options);
  }
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED")
    return describeRefusal(error, request);
  if (code === "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH") {
    return new TransportError("CONFIG", "The request's body has not the size that was announced", options);
  }
  const problem =
    NETWORK_PROBLEMS[code] ?? (code === "" ? "the connection failed" : `the connection failed (${code})`);
  return new TransportError("NETWORK", `${host}: ${problem}`, { ...options, retryable: !FINAL.has(code) });
}

/** The reason why a connection did not come about: nothing can have been sent. */
export function describeConnectFailure(error: unknown, host: string): TransportError {
  if (isTransportError(error)) return error;
  const failures = error instanceof AggregateError ? error.errors : [error];
  const known = failures.filter(isTransportError)[0];
  if (known !== undefined) return known;
  const codes = [...new Set(failures.map(codeOf))];
  const problems = codes.map((code) => NETWORK_PROBLEMS[code] ?? (code || "the connection failed"));
  return new TransportError("NETWORK", `${host}: ${problems.join("; ")}`, {
    cause: error,
    neverSent: true,
    retryable: !codes.every((code) => FINAL.has(code)),
  });
}

function isParserError(error: unknown): error is Error {
  return error instanceof Error && error.name === "HTTPParserError";
}

function isEndOfFile(error: unknown): boolean {
  return isParserError(error) && /EOF/i.test(error.message);
}

/** undici says by its message alone with which status a proxy answered. */
function describeProxyRefusal(error: unknown, host: string): TransportError | undefined {
  const message = error instanceof Error ? error.message : "";
  const status =
    /^Proxy response \((\d{3})\)/.exec(message)?.[1] ??
    /^Proxy Authentication Required \((407)\)/.exec(message)?.[1];
  const options = { cause: error, neverSent: true };
  // Some proxies answer wrong credentials with 401.
  if (status === "407" || status === "401") {
    return new TransportError(
      "CONFIG",
      "The proxy wants credentials, or others: put them into its URL",
      options,
    );
  }
  if (status !== undefined) {
    const retryable = status.startsWith("5");
    return new TransportError("NETWORK", `The proxy does not connect to ${host} (status ${status})`, {
      ...options,
      retryable,
    });
  }
  if (codeOf(error).startsWith("UND_ERR_PRX")) {
    return new TransportError(
      "NETWORK",
      "The proxy ended the connection, or could not be reached over TLS",
      options,
    );
  }
  return undefined;
}

function describeRefusal(error: unknown, request: TransportRequest): TransportError {
  const message = error instanceof Error ? error.message : "";
  if (message.includes("407")) {
    return new TransportError("CONFIG", "The proxy wants credentials: put them into its URL", {
      cause: error,
    });
  }
  return new TransportError(
    "CONFIG",
    `The request to ${request.url.host} cannot be sent: ${printable(message)}`,
    {
      cause: error,
    },
  );
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
