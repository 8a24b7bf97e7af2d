import type { TransportEvent } from "@reg/sdk";
import { formatBytes, formatDuration } from "./format.ts";

/** One event of a request as a line: what `--debug` prints. URLs come redacted from the transport. */
export function debugLine(event: TransportEvent): string {
  if (event.type === "connect") {
    return `* connected to ${event.host} (${event.address}) in ${formatDuration(event.durationMs)}`;
  }
  const request = `#${event.id} ${event.method} ${event.url}`;
  switch (event.type) {
    case "start":
      return `> ${request}`;
    case "response":
      return `< ${request} ${event.status} in ${formatDuration(event.durationMs)}`;
    case "retry":
      return `* ${request} failed (${event.reason}); attempt ${event.attempt + 1} in ${formatDuration(event.delayMs)}`;
    case "redirect":
      return `* ${request} ${event.status}, goes on at ${event.to}`;
    case "mirror":
      return `* ${request} mirror failed (${event.reason}); the next is asked`;
    case "end":
      return `= ${request} ${formatBytes(event.bytes)} in ${formatDuration(event.durationMs)}`;
    case "error":
      return `! ${request} ${event.code}: ${event.message}`;
  }
}
