import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { bothObservers } from "../emit-event.ts";
import { isTransportError } from "../errors.ts";
import { redactUrl } from "../redact-url.ts";
import type { Middleware, TransportRequest } from "../transport.ts";
import type { TransportEvent } from "../transport-event.ts";

/** Options of {@link withOpenTelemetry}. */
export interface OpenTelemetryOptions {
  /** Makes the spans; the global provider's tracer `@reg/transport` where it is left out. */
  readonly tracer?: Tracer;
  /** Sends the trace on to the registry (`traceparent`), not to other origins; no, for few registries use it. */
  readonly propagate?: boolean;
}

/**
 * A span for each request, by OpenTelemetry's conventions for HTTP clients: method, redacted URL, server, status, and
 * events for retries and redirects. Stands outermost, so that a span holds all attempts.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withOpenTelemetry(), withRetry(), withRedirects());
 * ```
 */
export function withOpenTelemetry(options: OpenTelemetryOptions = {}): Middleware {
  const tracer = options.tracer ?? trace.getTracer("@reg/transport");
  return (next) => (request) => {
    const span = tracer.startSpan(request.method, {
      kind: SpanKind.CLIENT,
      attributes: attributesOf(request),
    });
    const active = trace.setSpan(context.active(), span);
    const headers: Record<string, string> = { ...request.headers };
    const home = request.context?.origin ?? request.url.origin;
    if (options.propagate === true && request.url.origin === home) propagation.inject(active, headers);
    const observe = bothObservers((event) => note(span, event), request.observe);
    return context.with(active, async () => {
      try {
        const response = await next({ ...request, headers, observe });
        span.setAttribute("http.response.status_code", response.status);
        if (response.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
        return response;
      } catch (error) {
        const type = isTransportError(error) ? error.code : error instanceof Error ? error.name : "unknown";
        span.setAttribute("error.type", type);
        // Only messages of ours are known to hold no secret.
        const message = isTransportError(error) ? error.message : type;
        span.setStatus({ code: SpanStatusCode.ERROR, message });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}

function attributesOf(request: TransportRequest): Record<string, string | number> {
  const { url } = request;
  return {
    "http.request.method": request.method,
    "server.address": url.hostname,
    "server.port": Number(url.port || (url.protocol === "https:" ? 443 : 80)),
    "url.full": redactUrl(url),
  };
}

function note(span: Span, event: TransportEvent): void {
  if (event.type === "retry") {
    span.addEvent("retry", { attempt: event.attempt, reason: event.reason, "delay.ms": event.delayMs });
    span.setAttribute("http.request.resend_count", event.attempt);
  } else if (event.type === "redirect") {
    span.addEvent("redirect", { status: event.status, to: event.to });
  } else if (event.type === "mirror") {
    span.addEvent("mirror", { reason: event.reason });
  }
}
