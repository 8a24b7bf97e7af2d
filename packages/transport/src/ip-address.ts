/**
 * The bytes of an IPv4 or IPv6 literal (brackets and a zone are allowed round an IPv6 one); undefined for anything else.
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
}

/** Whether an address is not one of the public Internet: loopback, private, link-local, unspecified, reserved. */
export function isPrivateAddress(address: string): boolean {
  const bytes = parseIpAddress(address);
  return bytes !== undefined && isPrivate(bytes);
}

/** Whether a host as a URL names it is this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `::1`. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const bytes = parseIpAddress(host);
  if (bytes === undefined) return false;
  const mapped = mappedIpv4(bytes) ?? bytes;
  return mapped.length === 4 ? mapped[0] === 127 : isOnly(mapped, 1);
}

/** Whether a host name is a private address or this machine by its very text, before any name is looked up. */
export function isPrivateHost(hostname: string): boolean {
  return isLoopbackHost(hostname) || isPrivateAddress(hostname);
}

/** Whether `address` lies in `network`, both as {@link parseIpAddress} gives them. */
export function isInNetwork(address: Uint8Array, network: Uint8Array, prefixBits: number): boolean {
  const left = mappedIpv4(address) ?? address;
  if (left.length !== network.length || prefixBits < 0 || prefixBits > network.length * 8) return false;
  for (let index = 0, rest = prefixBits; rest > 0; index++, rest -= 8) {
    const mask = rest >= 8 ? 0xff : (0xff << (8 - rest)) & 0xff;
    if (((left[index] ?? 0) & mask) !== ((network[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** Special-purpose IPv4 ranges (RFC 6890 and its registry): none of them is a public registry's. */
const PRIVATE_IPV4: readonly (readonly [network: string, prefixBits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
];
/** Likewise of IPv6: unspecified and loopback, unique local, link-local, site-local, multicast. */
const PRIVATE_IPV6: readonly (readonly [network: string, prefixBits: number])[] = [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
];

function isPrivate(bytes: Uint8Array): boolean {
  const inner = mappedIpv4(bytes) ?? translatedIpv4(bytes) ?? bytes;
  const networks = inner.length === 4 ? PRIVATE_IPV4 : PRIVATE_IPV6;
  return networks.some(([network, prefixBits]) => {
    const parsed = parseIpAddress(network);
    return parsed !== undefined && isInNetwork(inner, parsed, prefixBits);
  });
}

/** `::ffff:a.b.c.d` and the deprecated `::a.b.c.d` reach the IPv4 address itself. */
function mappedIpv4(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16 || bytes.subarray(0, 10).some((byte) => byte !== 0)) return undefined;
  const marker = (bytes[10] ?? 0) * 256 + (bytes[11] ?? 0);
  const compatible = marker === 0 && (bytes[12] !== 0 || bytes[13] !== 0);
  return marker === 0xffff || compatible ? bytes.subarray(12) : undefined;
}

/** `64:ff9b::/96` (NAT64) and `2002::/16` (6to4) carry an IPv4 address that the network translates to. */
function translatedIpv4(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16) return undefined;
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return bytes.subarray(2, 6);
  const nat64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
  return nat64.every((byte, index) => bytes[index] === byte) ? bytes.subarray(12) : undefined;
}

function isOnly(bytes: Uint8Array, last: number): boolean {
  return bytes.every((byte, index) => byte === (index === bytes.length - 1 ? last : 0));
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const zone = text.indexOf("%");
  const address = zone === -1 ? text : text.slice(0, zone);
  const halves = address.split("::", 3);
  if (address.length > 45 || halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":", 9);
  for (const [index, group] of groups.entries()) {
    if (mayEndInIpv4 && index === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}
