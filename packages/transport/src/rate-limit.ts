import { parseDecimal } from "./response-headers.ts";
import type { ResponseHeaders } from "./transport.ts";

/** How much a registry still allows, as far as its answer says. */
export interface RateLimit {
  /** Requests in a window. */
  readonly limit?: number;
  /** Requests left in this window. */
  readonly remaining?: number;
  readonly windowSeconds?: number;
  /** Until the window ends. */
  readonly resetSeconds?: number;
  /** Whom Docker Hub counts: an address or a user. */
  readonly source?: string;
}

/** Beyond this a reset is a point in time (seconds since 1970), as GitHub and others send it. */
const EPOCH_SECONDS = 1_000_000_000;
const MAX_SOURCE_LENGTH = 256;

/**
 * Reads the rate limit of an answer: Docker Hub's fields (`ratelimit-limit: 100;w=21600`), the IETF draft's `RateLimit`
 * and `RateLimit-Policy` in the newer and the older form, and `X-RateLimit-*`. Undefined where it says nothing.
 *
 * @example
 * ```ts
 * parseRateLimit(responseHeaders([["ratelimit-limit", "100;w=21600"], ["ratelimit-remaining", "97;w=21600"]]));
 * // { limit: 100, remaining: 97, windowSeconds: 21600 }
 * ```
 */
export function parseRateLimit(headers: ResponseHeaders, nowMs: number = Date.now()): RateLimit | undefined {
  const single = (name: string): ReadonlyMap<string, string> =>
    parameters(headers.all(`ratelimit-${name}`)[0] ?? headers.all(`x-ratelimit-${name}`)[0] ?? "");
  const combined = parameters(headers.all("ratelimit")[0] ?? "");
  const policy = parameters(headers.all("ratelimit-policy")[0] ?? "");
  const limit = number(single("limit").get("")) ?? number(combined.get("limit")) ?? number(policy.get("q"));
  const remaining =
    number(single("remaining").get("")) ?? number(combined.get("remaining")) ?? number(combined.get("r"));
  const windowSeconds = number(single("limit").get("w")) ?? number(policy.get("w"));
  const reset = number(single("reset").get("")) ?? number(combined.get("reset")) ?? number(combined.get("t"));
  const resetSeconds =
    reset === undefined || reset < EPOCH_SECONDS ? reset : Math.max(0, Math.ceil(reset - nowMs / 1_000));
  const source = headers
    .all("docker-ratelimit-source")[0]
    ?.replace(/[^\x20-\x7e]/g, "?")
    .slice(0, MAX_SOURCE_LENGTH);
  const found = {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(resetSeconds === undefined ? {} : { resetSeconds }),
    ...(source === undefined || source === "" ? {} : { source }),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** `100;w=21600`, `limit=100, reset=5` and `"default";r=50;t=30` alike; what stands without a name has the name "". */
function parameters(value: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of value.slice(0, 1_024).split(/[;,]/)) {
    const equals = part.indexOf("=");
    const name = equals === -1 ? "" : part.slice(0, equals).trim().toLowerCase();
    const text = (equals === -1 ? part : part.slice(equals + 1)).trim();
    if (!found.has(name)) found.set(name, text);
  }
  return found;
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDecimal(text);
}
