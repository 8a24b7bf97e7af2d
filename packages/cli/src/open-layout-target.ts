import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Call } from "./call.ts";
import { EXIT_OF_ERROR } from "./exit-codes.ts";
import type { OpenTarget } from "./open-location.ts";

/**
 * An OCI layout to write into, made where it is missing. When the transfer fails for good, a folder that this run made
 * goes away again; when it was the network or the user that stopped it, whole blobs stay, for the next run to go on.
 */
export async function openLayoutTarget(
  call: Call,
  sdk: typeof import("@reg/sdk"),
  path: string,
  name: string,
): Promise<OpenTarget> {
  const existed = existsSync(path);
  const layout = await sdk.openLayout(path, {
    create: true,
    durable: !call.flag("no-sync"),
    signal: call.signal,
  });
  call.defer(() => layout[Symbol.asyncDispose]());
  return {
    store: layout,
    ref: name,
    label: `oci:${path}:${name}`,
    finish: () => Promise.resolve(),
    abandon: async (error) => {
      if (existed || call.signal.aborted || mayGoOn(error)) return;
      // Another process may have put an image here meanwhile.
      const { manifests } = await sdk.readIndex(path).catch(() => ({ manifests: [] }));
      if (manifests.length === 0) await rm(path, { recursive: true, force: true });
    },
  };
}

function mayGoOn(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return (
    EXIT_OF_ERROR[String(error.code)] === 5 || error.code === "UNAVAILABLE" || error.code === "RATE_LIMITED"
  );
}
