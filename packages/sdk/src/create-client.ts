import { type ClientOptions, RegistryClient } from "@reg/client";
import { createTransport, type TransportOptions } from "./create-transport.ts";

/** Everything that can be chosen, all of it optional. */
export interface CreateClientOptions
  extends TransportOptions,
    Omit<ClientOptions, "transport" | "closeTransport"> {}

/**
 * A client of every registry: sockets by undici where that loads and by the runtime's fetch elsewhere, credentials as
 * docker and podman keep them, retries, redirects and limits as safe as they are by default. Make one for a process and
 * use it from everywhere.
 *
 * @example
 * ```ts
 * import { createClient } from "@reg/sdk";
 * await using client = createClient();
 * for await (const tag of client.tags.list("localhost:5000/demo/hello")) console.log(tag);
 * ```
 */
export function createClient(options: CreateClientOptions = {}): RegistryClient {
  const { plainHttp, userAgent, limits, concurrency, ranges, onWarning, capabilities, ...transportOptions } =
    options;
  const { transport, close } = createTransport(transportOptions);
  return new RegistryClient({
    transport,
    closeTransport: close,
    plainHttp,
    userAgent,
    limits,
    concurrency,
    ranges,
    onWarning,
    capabilities,
  });
}
