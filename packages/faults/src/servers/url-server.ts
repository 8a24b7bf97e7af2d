import type { Server } from "./server.ts";

/** A server that runs already. What it keeps is not thrown away; the cases use repositories of their own names. */
export function urlServer(url: string): Server {
  const { origin, hostname } = new URL(url);
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  return {
    name: origin,
    version: "",
    features: new Set(isLoopback ? ["loopback"] : []),
    start: async () => ({ url: origin, close: async () => {} }),
  };
}
