/** Whether a URL's host is this machine: `localhost`, `*.localhost` (RFC 6761), 127.0.0.0/8, `::1`. */
export function isLoopbackHost(hostname: string): boolean {
  const host = bare(hostname);
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const octets = parseIpv4(host);
  if (octets !== undefined) return octets[0] === 127;
  const groups = parseIpv6(host);
  if (groups === undefined) return false;
  const inner = embeddedIpv4(groups);
  if (inner !== undefined) return inner[0] === 127;
  return groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
}

/**
 * Whether a URL's host names a place that a public server has no business to send anybody to: a literal address that
 * is loopback, private, link-local, shared, unspecified, multicast or reserved (RFC 6890), or a loopback name. Takes
 * what `URL.hostname` gives, which has folded the odd spellings of addresses already.
 */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopbackHost(hostname)) return true;
  const host = bare(hostname);
  const octets = parseIpv4(host);
  if (octets !== undefined) return isPrivateIpv4(octets);
  const groups = parseIpv6(host);
  if (groups === undefined) return false;
  const inner = embeddedIpv4(groups);
  if (inner !== undefined) return isPrivateIpv4(inner);
  const first = groups[0] ?? 0;
  const uniqueLocal = (first & 0xfe00) === 0xfc00;
  const linkLocal = (first & 0xffc0) === 0xfe80;
  const siteLocal = (first & 0xffc0) === 0xfec0;
  const multicast = (first & 0xff00) === 0xff00;
  return uniqueLocal || linkLocal || siteLocal || multicast || groups.every((group) => group === 0);
}

/** Whether the host is an address rather than a name. */
export function isAddress(hostname: string): boolean {
  const host = bare(hostname);
  return parseIpv4(host) !== undefined || parseIpv6(host) !== undefined;
}

function bare(hostname: string): string {
  const host = hostname.toLowerCase();
  if (host.startsWith("[") && host.endsWith("]")) return host.slice(1, -1);
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

function parseIpv4(host: string): readonly number[] | undefined {
  const parts = host.split(".");
  if (parts.length !== 4) return undefined;
  const octets = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

function isPrivateIpv4(octets: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0] = octets;
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && c === 0) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  );
}

/** The eight groups; `undefined` for what is no IPv6 address. */
function parseIpv6(host: string): readonly number[] | undefined {
  if (!host.includes(":")) return undefined;
  const dotted = host.lastIndexOf(":") + 1;
  const octets = parseIpv4(host.slice(dotted));
  let text = host;
  if (octets !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    text = `${host.slice(0, dotted)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "");
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "") : [];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.every((group) => Number.isInteger(group)) ? groups : undefined;
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text
    .split(":")
    .map((group) => (/^[0-9a-f]{1,4}$/.test(group) ? Number.parseInt(group, 16) : Number.NaN));
}

/** An IPv4 address inside an IPv6 one: mapped (RFC 4291, 2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(groups: readonly number[]): readonly number[] | undefined {
  const octetsAt = (index: number): readonly number[] => {
    const high = groups[index] ?? 0;
    const low = groups[index + 1] ?? 0;
    return [high >> 8, high & 0xff, low >> 8, low & 0xff];
  };
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const nat64 =
    groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (mapped || nat64) return octetsAt(6);
  return groups[0] === 0x2002 ? octetsAt(1) : undefined;
}
