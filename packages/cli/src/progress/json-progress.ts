import type { ProgressEvent } from "@reg/sdk";
import { safeJson } from "../escape.ts";
import type { Output } from "../output.ts";
import type { ProgressView } from "./start-progress.ts";

/** A reader wants to know often, but not for every chunk. */
const BYTES_INTERVAL_MS = 100;

/** One JSON object a line on standard error: `{type, digest?, mediaType?, size?, done?, ref?, reason?, message?}`. */
export function jsonProgress(output: Output): ProgressView {
  const last = new Map<string, number>();
  return {
    show: (event) => {
      if (event.type === "bytes") {
        const { digest } = event.descriptor;
        const now = performance.now();
        if (now - (last.get(digest) ?? Number.NEGATIVE_INFINITY) < BYTES_INTERVAL_MS) return;
        last.set(digest, now);
      }
      output.stderr.write(`${safeJson(asDocument(event))}\n`);
    },
    end: () => undefined,
  };
}

function asDocument(event: ProgressEvent): object {
  if (event.type === "planned") return event;
  const { digest, mediaType, size } = event.descriptor;
  const document = { type: event.type, digest, mediaType, size };
  switch (event.type) {
    case "bytes":
      return { ...document, done: event.done };
    case "tagged":
      return { ...document, ref: event.ref };
    case "retried":
      return { ...document, reason: event.reason };
    case "failed":
      return { ...document, message: event.error.message };
    default:
      return document;
  }
}
