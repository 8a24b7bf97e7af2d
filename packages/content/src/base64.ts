import { ContentError } from "./errors.ts";

/** Code `INVALID` where the text is not base64 (RFC 4648, 4). */
export function decodeBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new ContentError("INVALID", "The inline content is not base64.");
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  // In slices, for a call takes a bounded number of arguments.
  for (let i = 0; i < bytes.byteLength; i += SLICE_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(i, i + SLICE_BYTES));
  }
  return btoa(binary);
}

const SLICE_BYTES = 0x2000;
