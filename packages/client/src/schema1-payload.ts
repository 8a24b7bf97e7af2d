/**
 * What the digest of a signed schema 1 manifest is over: the document as it was before the signatures were put into it
 * (Docker's image manifest v2 schema 1, "Signed Manifests"). `undefined` where the signature does not say.
 */
export function schema1Payload(bytes: Uint8Array): Uint8Array | undefined {
  const header = readProtected(bytes);
  if (header === undefined) return undefined;
  const { formatLength, formatTail } = header;
  if (typeof formatLength !== "number" || !Number.isInteger(formatLength)) return undefined;
  if (formatLength < 0 || formatLength > bytes.byteLength || typeof formatTail !== "string") return undefined;
  const tail = decodeBase64Url(formatTail);
  if (tail === undefined) return undefined;
  const payload = new Uint8Array(formatLength + tail.byteLength);
  payload.set(bytes.subarray(0, formatLength));
  payload.set(tail, formatLength);
  return payload;
}

function readProtected(
  bytes: Uint8Array,
): { readonly formatLength?: unknown; readonly formatTail?: unknown } | undefined {
  const signatures = member(parse(bytes), "signatures");
  if (!Array.isArray(signatures)) return undefined;
  const text = member(signatures[0], "protected");
  const decoded = typeof text === "string" ? decodeBase64Url(text) : undefined;
  const header = decoded === undefined ? undefined : parse(decoded);
  return { formatLength: member(header, "formatLength"), formatTail: member(header, "formatTail") };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? // An object's own member, whatever it is.
      (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function decodeBase64Url(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
