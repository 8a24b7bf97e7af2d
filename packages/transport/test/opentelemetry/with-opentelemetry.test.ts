import { type Span, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { compose, withRedirects, withRetry } from "../../src/index.ts";
import { withOpenTelemetry } from "../../src/opentelemetry.ts";
import { fakeTransport } from "../fake-transport.ts";

/** A tracer that writes down what it is told. */
function recordingTracer() {
  const spans: {
    name: string;
    attributes: Record<string, unknown>;
    events: string[];
    status?: number;
    ended: boolean;
  }[] = [];
  const startSpan: Tracer["startSpan"] = (name, options) => {
    const record = {
      name,
      attributes: { ...options?.attributes } as Record<string, unknown>,
      events: [] as string[],
      ended: false,
    };
    const entry: (typeof spans)[number] = record;
    spans.push(entry);
    const span = {
      setAttribute: (key: string, value: unknown) => {
        entry.attributes[key] = value;
      },
      addEvent: (event: string) => {
        entry.events.push(event);
      },
      setStatus: ({ code }: { code: number }) => {
        entry.status = code;
      },
      end: () => {
        entry.ended = true;
      },
    };
    // The adapter uses these members alone.
    return span as unknown as Span;
  };
  return { spans, tracer: { startSpan } as unknown as Tracer };
}

describe("withOpenTelemetry", () => {
  it("makes one span of all attempts, with the status and no secret", async () => {
    const transport = fakeTransport((_request, index) => {
      if (index === 0) return { status: 503 };
      return index === 1
        ? { status: 307, headers: { location: "https://cdn.example/?sig=canary" } }
        : { body: "ok" };
    });
    const { spans, tracer } = recordingTracer();
    const send = compose(
      transport,
      withOpenTelemetry({ tracer }),
      withRetry({ sleep: async () => undefined }),
      withRedirects(),
    );
    await send({ method: "GET", url: new URL("https://u:canary@r.example/v2/?token=canary"), headers: {} });
    expect(spans).toEqual([
      {
        name: "GET",
        attributes: {
          "http.request.method": "GET",
          "http.request.resend_count": 1,
          "http.response.status_code": 200,
          "server.address": "r.example",
          "server.port": 443,
          "url.full": "https://r.example/v2/?token=…",
        },
        events: ["retry", "redirect"],
        ended: true,
      },
    ]);
  });

  it("marks what failed", async () => {
    const { spans, tracer } = recordingTracer();
    const failing = fakeTransport(() => {
      throw new Error("canary");
    });
    const sending = withOpenTelemetry({ tracer })(failing)({
      method: "GET",
      url: new URL("https://r.example/"),
      headers: {},
    });
    await expect(sending).rejects.toThrow("canary");
    expect(spans).toMatchObject([
      { status: SpanStatusCode.ERROR, ended: true, attributes: { "error.type": "Error" } },
    ]);
    expect(JSON.stringify(spans)).not.toContain("canary");
  });
});
