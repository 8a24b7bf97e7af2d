import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { TransportError } from "../errors.ts";
import { describeConnectFailure } from "./describe-failure.ts";
import type { Lookup, ResolvedAddress, UndiciTransportOptions } from "./options.ts";
import { interleave } from "./race.ts";

/** Names of one process are few; a hostile list of redirects must not fill the memory. */
const MAX_CACHED_NAMES = 256;

/** Finds the addresses of a host, in the order in which they are to be tried. */
export interface Resolver {
  addressesOf(hostname: string, port: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]>;
}

/** A resolver after the options: pins first, then literals, then the look-up, remembered for as long as asked. */
export function createResolver(
  options: Pick<UndiciTransportOptions, "family" | "lookup" | "resolve" | "dnsCacheMs">,
): Resolver {
  const family = options.family ?? "auto";
  const lookup = options.lookup ?? lookupBySystem;
  const cacheMs = options.dnsCacheMs ?? 0;
  const pins = new Map(
    Object.entries(options.resolve ?? {}).map(([host, pinned]) => [
      host.toLowerCase(),
      (typeof pinned === "string" ? [pinned] : pinned).map((address) => literal(address, host)),
    ]),
  );
  const cache = new Map<
    string,
    { readonly until: number; turn: number; readonly found: readonly ResolvedAddress[] }
  >();

  const find = async (hostname: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> => {
    const cached = cache.get(hostname);
    if (cached !== undefined && cached.until > performance.now()) {
      cached.turn++;
      return rotate(cached.found, cached.turn);
    }
    let found: readonly ResolvedAddress[];
    try {
      found = await untilAborted(lookup(hostname, { family, signal }), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw describeConnectFailure(error, hostname);
    }
    if (cacheMs > 0 && found.length > 0) {
      if (cache.size >= MAX_CACHED_NAMES) cache.clear();
      cache.set(hostname, { until: performance.now() + cacheMs, turn: 0, found });
    }
    return found;
  };

  return {
    addressesOf: async (hostname, port, signal) => {
      const name = hostname.toLowerCase();
      const pinned = pins.get(`${name}:${port}`) ?? pins.get(name);
      const bare = name.replace(/^\[|\]$/g, "");
      const known = pinned ?? (isIP(bare) === 0 ? await find(bare, signal) : [literal(bare, bare)]);
      const fitting = known.filter((one) => family === "auto" || one.family === family);
      if (fitting.length === 0) {
        const which = family === "auto" ? "address" : `IPv${family} address`;
        throw new TransportError("NETWORK", `${hostname} has no ${which}`, {
          neverSent: true,
          retryable: false,
        });
      }
      if (pinned !== undefined) return fitting;
      const [first, second] = [6, 4].map((kind) => fitting.filter((one) => one.family === kind));
      return interleave(first ?? [], second ?? []);
    },
  };
}

async function lookupBySystem(hostname: string, options: Parameters<Lookup>[1]): Promise<ResolvedAddress[]> {
  const family = options.family === "auto" ? 0 : options.family;
  const found = await systemLookup(hostname, { all: true, family, order: "verbatim" });
  return found.map((one) => ({ address: one.address, family: one.family === 6 ? 6 : 4 }));
}

/** A look-up need not heed the signal: the system's cannot be ended. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function literal(address: string, host: string): ResolvedAddress {
  const bare = address.replace(/^\[|\]$/g, "");
  const family = isIP(bare);
  if (family === 0) {
    throw new TransportError(
      "CONFIG",
      `The pinned address of ${host} is no IP address: ${JSON.stringify(address)}`,
    );
  }
  return { address: bare, family: family === 6 ? 6 : 4 };
}

function rotate<T>(items: readonly T[], turn: number): T[] {
  const start = items.length === 0 ? 0 : turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
