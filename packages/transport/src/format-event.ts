import type { TransportEvent } from "./transport-event.ts";

/**
 * One line for people about an event: `#3 GET https://ghcr.io/v2/ 401 in 31 ms`. What servers wrote is escaped.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withTracing({ observe: (event) => console.error(formatEvent(event)) }));
 * ```
 */
export function formatEvent(event: TransportEvent): string {
  if (event.type === "connect") {
    return printable(`connected to ${event.host} at ${event.address} in ${milliseconds(event.durationMs)}`);
  }
  return printable(`#${event.id} ${event.method} ${event.url} ${happened(event)}`);
}

function happened(event: Exclude<TransportEvent, { type: "connect" }>): string {
  switch (event.type) {
    case "start":
      return "is sent";
    case "response":
      return `${event.status} in ${milliseconds(event.durationMs)}`;
    case "retry":
      return `attempt ${event.attempt} failed (${event.reason}), the next in ${milliseconds(event.delayMs)}`;
    case "redirect":
      return `${event.status} leads to ${event.to}`;
    case "mirror":
      return `mirror passed over, ${event.reason}`;
    case "end":
      return `ended after ${event.bytes} bytes in ${milliseconds(event.durationMs)}`;
    case "error":
      return `failed in ${milliseconds(event.durationMs)}: ${event.code}, ${event.message}`;
  }
}

function milliseconds(duration: number): string {
  return `${Math.round(duration)} ms`;
}

function printable(text: string): string {
  return text.replace(
    /[^\x20-\x7e\u00a1-\u02ff\u2026]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
