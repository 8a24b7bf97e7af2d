export type { TransportErrorCode, TransportErrorOptions } from "./errors.ts";
export { isTransportError, TransportError } from "./errors.ts";
export { type FetchTransportOptions, fetchTransport } from "./fetch-transport.ts";
export { formatEvent } from "./format-event.ts";
export { isLoopbackHost, isPrivateAddress, isPrivateHost } from "./ip-address.ts";
export { type NoProxy, parseNoProxy } from "./no-proxy.ts";
export { probeScheme, usesPlainHttp } from "./probe-scheme.ts";
export { parseRateLimit, type RateLimit } from "./rate-limit.ts";
export { redactUrl } from "./redact-url.ts";
export {
  type Endpoint,
  type MirrorOption,
  type Planner,
  planMirrors,
  type RegistryPlan,
} from "./registry-plan.ts";
export { emptyBody, responseBody } from "./response-body.ts";
export { contentLength, parseDecimal, responseHeaders } from "./response-headers.ts";
export { parseRetryAfter } from "./retry-after.ts";
export type * from "./transport.ts";
export { compose } from "./transport.ts";
export type * from "./transport-event.ts";
export type { ExchangeLimits } from "./watchdog.ts";
export { type MirrorOptions, withMirrors } from "./with-mirrors.ts";
export { type RedirectOptions, withRedirects } from "./with-redirects.ts";
export { type RetryOptions, withRetry } from "./with-retry.ts";
export { type ThrottleOptions, withThrottle } from "./with-throttle.ts";
export { type TracingOptions, withTracing } from "./with-tracing.ts";
