import { RegistryError } from "./errors.ts";
import { readDecimal } from "./numbers.ts";
import { resolveLocation } from "./urls.ts";

/** What the headers of an answer to an upload say. */
export interface UploadFields {
  readonly location: string | undefined;
  readonly range: string | undefined;
  readonly minLength: string | undefined;
  readonly maxLength: string | undefined;
}

/** Where an upload stands, by what a registry said of it. */
export interface UploadAnswer {
  readonly location: URL;
  /** Bytes it has; `undefined` where it does not say, or not clearly. */
  readonly received: number | undefined;
  readonly min: number;
  readonly max: number;
}

/**
 * Reads an answer within an upload (distribution-spec, "Pushing a blob in chunks").
 *
 * @param base - Where the answer came from, after redirects.
 * @param known - The location so far, which holds where the answer names none; an answer to a `POST` must name one.
 * @throws RegistryError `PROTOCOL` without a location, `POLICY_REFUSED` for one that must not be followed,
 * `SIZE_EXCEEDED` for chunks larger than 1 GiB.
 */
export function judgeUpload(fields: UploadFields, base: URL, known?: URL): UploadAnswer {
  const location = fields.location === undefined ? known : resolveLocation(fields.location, base);
  if (location === undefined) {
    throw new RegistryError(
      "PROTOCOL",
      `${base.host} began an upload without saying where (Location; for a page in a browser it has to expose that header).`,
    );
  }
  const min = readDecimal(fields.minLength) ?? 0;
  if (min > MAX_CHUNK_BYTES) {
    throw new RegistryError(
      "SIZE_EXCEEDED",
      `${base.host} wants chunks of at least ${min} bytes (OCI-Chunk-Min-Length); the most that is sent is ${MAX_CHUNK_BYTES}.`,
    );
  }
  const max = readDecimal(fields.maxLength) ?? MAX_CHUNK_BYTES;
  return {
    location,
    received: readReceived(fields.range),
    min,
    max: Math.max(1, min, Math.min(max, MAX_CHUNK_BYTES)),
  };
}

/**
 * Bytes received, by `Range: 0-<end>`. `0-0` proves nothing: registries send it for no byte and for one. `0--1` is one
 * registry's way to say none.
 */
export function readReceived(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  const trimmed = field.trim().toLowerCase();
  const range = trimmed.startsWith("bytes=") ? trimmed.slice("bytes=".length) : trimmed;
  if (!range.startsWith("0-")) return undefined;
  if (range === "0--1") return 0;
  const end = readDecimal(range.slice("0-".length));
  return end === undefined || end === 0 ? undefined : end + 1;
}

/**
 * Bytes a registry has after a chunk was accepted. Its own word counts only where it lies within the chunk: some keep
 * telling the first chunk's range, or that of the last chunk alone.
 */
export function receivedAfter(start: number, length: number, told: number | undefined): number {
  return told !== undefined && told > start && told < start + length ? told : start + length;
}

/** Held in memory while a stream is uploaded: no registry has reason to ask for more. */
const MAX_CHUNK_BYTES = 1024 * 1024 * 1024;
