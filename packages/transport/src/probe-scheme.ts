import { isLoopbackHost } from "./ip-address.ts";
import type { Transport } from "./transport.ts";

/** Both schemes are asked at once; who does not answer in this time does not count. */
const PROBE_TIMEOUT_MILLISECONDS = 5_000;

/**
 * Whether a registry is spoken to in plain http: by default where it is this machine, else where it is named.
 *
 * @param plainHttp - all hosts, none, or these (`host` or `host:port`).
 *
 * @example
 * ```ts
 * usesPlainHttp("localhost:5000"); // true
 * usesPlainHttp("registry.lan:5000", ["registry.lan:5000"]); // true
 * ```
 */
export function usesPlainHttp(registry: string, plainHttp?: boolean | readonly string[]): boolean {
  if (typeof plainHttp === "boolean") return plainHttp;
  const hostname = registry.replace(/:\d+$/, "");
  if (plainHttp?.some((host) => host === registry || host === hostname) === true) return true;
  return isLoopbackHost(hostname);
}

/**
 * Finds out whether a registry speaks https or plain http, by asking both at once: any answer over https decides for it;
 * plain http counts only where https has failed. For hosts whose user said that either will do.
 */
export async function probeScheme(
  transport: Transport,
  registry: string,
  signal?: AbortSignal,
): Promise<"https" | "http"> {
  const deadline = AbortSignal.timeout(PROBE_TIMEOUT_MILLISECONDS);
  const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const ask = async (scheme: "https" | "http"): Promise<"https" | "http"> => {
    const url = new URL(`${scheme}://${registry}/v2/`);
    const response = await transport({ method: "GET", url, headers: {}, signal: both, attempts: 1 });
    await response.body.discard();
    return scheme;
  };
  const plain = ask("http");
  plain.catch(() => undefined);
  try {
    return await ask("https");
  } catch (error) {
    signal?.throwIfAborted();
    // What https has to say explains more than plain http's failure does.
    return plain.catch(() => Promise.reject(error));
  }
}
