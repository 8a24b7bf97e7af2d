import { isInNetwork, parseIpAddress } from "./ip-address.ts";
import { parseDecimal } from "./response-headers.ts";

/** Whether a URL is reached without the proxy. */
export type NoProxy = (url: URL) => boolean;

type Rule = (host: string, port: string, address: Uint8Array | undefined) => boolean;

/**
 * Reads NO_PROXY as Go's programs and curl do: entries between commas or spaces; `*` for all; a name for itself and all
 * below it; `.name` or `*.name` for all below it alone; an address; a network such as `10.0.0.0/8`; each with `:port`.
 *
 * @example
 * ```ts
 * parseNoProxy("10.0.0.0/8, .corp.example:5000")(new URL("https://10.1.2.3/")); // true
 * ```
 */
export function parseNoProxy(text: string | readonly string[]): NoProxy {
  const entries = typeof text === "string" ? text.split(/[,\s]/) : text;
  const rules = entries
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "")
    .map(parseRule);
  return (url) => {
    const host = url.hostname.toLowerCase().replace(/\.$/, "");
    const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
    const address = parseIpAddress(host);
    return rules.some((rule) => rule(host, port, address));
  };
}

function parseRule(entry: string): Rule {
  const network = parseNetwork(entry);
  if (network !== undefined) return network;
  const { host, port } = splitPort(entry);
  const portFits = (given: string): boolean => port === undefined || port === given;
  if (host === "*") return (_host, given) => portFits(given);
  const address = parseIpAddress(host);
  if (address !== undefined) {
    return (_host, given, other) =>
      other !== undefined && portFits(given) && isInNetwork(other, address, address.length * 8);
  }
  const name = host.replace(/^\*?\./, "").replace(/\.$/, "");
  const below = name !== host.replace(/\.$/, "");
  return (given, givenPort) =>
    portFits(givenPort) && ((!below && given === name) || given.endsWith(`.${name}`));
}

function parseNetwork(entry: string): Rule | undefined {
  const slash = entry.indexOf("/");
  if (slash === -1) return undefined;
  const network = parseIpAddress(entry.slice(0, slash));
  const bits = parseDecimal(entry.slice(slash + 1));
  // An entry that cannot be read matches nothing, so that a typing error never sends a request past the proxy.
  if (network === undefined || bits === undefined || bits > network.length * 8) return () => false;
  return (_host, _port, address) => address !== undefined && isInNetwork(address, network, bits);
}

function splitPort(entry: string): { host: string; port: string | undefined } {
  const end = entry.lastIndexOf(":");
  const bracketed = entry.startsWith("[");
  const hasPort = end > (bracketed ? entry.indexOf("]") : 0) && (bracketed || entry.indexOf(":") === end);
  const host = hasPort ? entry.slice(0, end) : entry;
  return { host: host.replace(/^\[|\]$/g, ""), port: hasPort ? entry.slice(end + 1) : undefined };
}
