import type { ProgressEvent } from "@reg/sdk";
import { formatBytes, formatDuration, shortDigest } from "../format.ts";
import type { Output } from "../output.ts";
import type { ProgressView } from "./start-progress.ts";

/** A piece that takes long says so this often. */
const STILL_MOVING_INTERVAL_MS = 10_000;

/** One line for each step: for logs, and for terminals that cannot do more. */
export function lineProgress(output: Output): ProgressView {
  const started = new Map<string, number>();
  const told = new Map<string, number>();
  return {
    show: (event) => {
      const now = performance.now();
      if (event.type === "started") started.set(event.descriptor.digest, now);
      if (event.type === "bytes") {
        const { digest } = event.descriptor;
        const since = now - (told.get(digest) ?? started.get(digest) ?? now);
        if (since < STILL_MOVING_INTERVAL_MS) return;
        told.set(digest, now);
      }
      const line = describe(event, now, started);
      if (line !== undefined) output.error(line);
    },
    end: () => undefined,
  };
}

function describe(
  event: ProgressEvent,
  now: number,
  started: ReadonlyMap<string, number>,
): string | undefined {
  if (event.type === "planned") return `planned ${event.nodes} pieces, ${formatBytes(event.bytes)}`;
  const { digest, size } = event.descriptor;
  const piece = `${shortDigest(digest)} ${formatBytes(size)}`;
  switch (event.type) {
    case "started":
      return undefined;
    case "bytes":
      return `moving ${piece}, ${formatBytes(event.done)} done`;
    case "done":
      return `done ${piece} in ${formatDuration(now - (started.get(digest) ?? now))}`;
    case "mounted":
      return `mounted ${piece}`;
    case "skipped":
      return `there already ${piece}`;
    case "retried":
      return `trying again ${piece}: ${event.reason}`;
    case "tagged":
      return `tagged ${event.ref} ${digest}`;
    case "failed":
      return `failed ${piece}: ${event.error.message}`;
  }
}
