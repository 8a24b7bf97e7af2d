import { emitEvent, factsOf, isObserved } from "./emit-event.ts";
import { TransportError } from "./errors.ts";
import { isPrivateHost } from "./ip-address.ts";
import { portableHeaders } from "./portable-headers.ts";
import { redactUrl } from "./redact-url.ts";
import { emptyBody } from "./response-body.ts";
import type { Middleware, TransportRequest, TransportResponse } from "./transport.ts";

/** Limits of {@link withRedirects}. */
export interface RedirectOptions {
  /** How many redirects are followed; 5 unless said otherwise. */
  readonly maxRedirects?: number;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Answers of a storage whose signed URL is good for GET alone. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([403, 405]);
/**
 * Follows redirects of GET and HEAD, judging each by itself: at most 5; never from https to http; never from a public
 * host to a private address by its literal; credentials and custom headers stay behind when the origin changes, and do
 * not come back. Answers to other methods are handed on as they are.
 *
 * A HEAD that ends in 403 or 405 at another URL is asked again as GET, whose body is not read: storages sign URLs for
 * GET alone.
 *
 * Codes: `PROTOCOL` for a loop, too many hops, no usable `Location`; `POLICY_REFUSED` for a downgrade or private target.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withRetry(), withRedirects());
 * ```
 */
export function withRedirects(options: RedirectOptions = {}): Middleware {
  const maxRedirects = options.maxRedirects ?? MAX_REDIRECTS;
  return (next) => async (original) => {
    const method = original.method.toUpperCase();
    if (method !== "GET" && method !== "HEAD") return next(original);
    let request = original;
    for (let hops = 0; ; hops++) {
      const response = await next(request);
      if (!REDIRECTS.has(response.status)) {
        if (method !== "HEAD" || hops === 0 || !HEAD_REFUSED.has(response.status)) return response;
        return askedByGet(await next({ ...request, method: "GET" }));
      }
      await response.body.discard();
      if (hops === maxRedirects) {
        throw new TransportError(
          "PROTOCOL",
          `${hostOf(original)} redirected more than ${maxRedirects} times`,
        );
      }
      const url = redirectTarget(request, response);
      if (isObserved("redirect", request.observe)) {
        const to = redactUrl(url);
        emitEvent({ type: "redirect", status: response.status, to, ...factsOf(request) }, request.observe);
      }
      const leaves = url.origin !== request.url.origin;
      request = { ...request, url, headers: leaves ? portableHeaders(request.headers) : request.headers };
    }
  };
}

/** The answer to a HEAD, made of that to a GET: its head, and no body. */
async function askedByGet(response: TransportResponse): Promise<TransportResponse> {
  await response.body.discard();
  return { status: response.status, headers: response.headers, url: response.url, body: emptyBody() };
}

function redirectTarget(request: TransportRequest, response: TransportResponse): URL {
  const location = response.headers.get("location");
  const url = location === undefined || location === "" ? undefined : resolved(location, request.url);
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    const what = location === undefined ? "without a Location" : "to something that is no http(s) URL";
    throw new TransportError("PROTOCOL", `${hostOf(request)} answered ${response.status} ${what}`);
  }
  if (request.url.protocol === "https:" && url.protocol === "http:") {
    throw new TransportError(
      "POLICY_REFUSED",
      `${hostOf(request)} redirects from https to plain http at ${url.host}: refused, for anyone on the way could read and change it`,
    );
  }
  const from = request.context?.origin ?? request.onBehalfOf ?? request.url.origin;
  if (url.origin !== from && isPrivateHost(url.hostname) && !isPrivateHost(new URL(from).hostname)) {
    throw new TransportError(
      "POLICY_REFUSED",
      `${hostOf(request)} redirects to ${url.host}, an address inside a private network: refused`,
    );
  }
  url.hash = "";
  url.username = "";
  url.password = "";
  return url;
}

function resolved(location: string, base: URL): URL | undefined {
  try {
    return new URL(location, base);
  } catch {
    return undefined;
  }
}

function hostOf(request: TransportRequest): string {
  return request.url.host;
}
