import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { digestAlgorithm } from "../hasher.ts";
import { LIMITS } from "../limits.ts";
import { isManifestType } from "../media-types.ts";
import { type ParsedManifest, parseManifest } from "../parse-manifest.ts";
import type { ContentSource } from "../store.ts";
import { assertSize, inlineData, verifyBytes } from "../verifier.ts";
import type { Scheduler } from "./scheduler.ts";
import { onSide, type Side } from "./side.ts";

/** Reads the manifests of a source, each once. */
export interface ManifestReader {
  /** What a reference names: parsed where it is a manifest. */
  resolve(ref: string): Promise<{ readonly descriptor: Descriptor; readonly parsed?: ParsedManifest }>;
  /** The manifest of a descriptor, verified; refetched once where its bytes are wrong. */
  read(descriptor: Descriptor): Promise<ParsedManifest>;
}

export interface ManifestReaderOptions {
  readonly scheduler: Scheduler;
  readonly signal?: AbortSignal | undefined;
  /** What its errors are marked with. Default `source`. */
  readonly side?: Side | undefined;
  /** Default 4 MiB. */
  readonly maxManifestBytes?: number | undefined;
}

export function createManifestReader(source: ContentSource, options: ManifestReaderOptions): ManifestReader {
  const { scheduler, signal, side = "source", maxManifestBytes: maxBytes = LIMITS.manifestBytes } = options;
  const kept = new Map<string, ParsedManifest>();
  let keptBytes = 0;

  const keep = (parsed: ParsedManifest): ParsedManifest => {
    if (keptBytes + parsed.bytes.byteLength <= MAX_KEPT_BYTES) {
      kept.set(parsed.descriptor.digest, parsed);
      keptBytes += parsed.bytes.byteLength;
    }
    return parsed;
  };

  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    scheduler.run({ size: 0, hosts: [source.host], signal }, () => onSide(side, signal, work));

  const fetchOnce = async (descriptor: Descriptor): Promise<Uint8Array> => {
    const stream = await source.fetch(descriptor, { signal });
    const bytes = await stream.bytes(maxBytes);
    verifyBytes(descriptor, bytes);
    return bytes;
  };

  const read = (descriptor: Descriptor): Promise<ParsedManifest> => {
    const known = kept.get(descriptor.digest);
    if (known !== undefined) return Promise.resolve(known);
    return ask(async () => {
      assertManifestDescriptor(descriptor, maxBytes);
      const bytes =
        inlineData(descriptor) ??
        (await fetchOnce(descriptor).catch((error: unknown) => {
          if (!isMismatch(error)) throw error;
          return fetchOnce(descriptor);
        }));
      return keep(parseAs(bytes, descriptor, maxBytes));
    });
  };

  return {
    read,
    async resolve(ref) {
      const { fetchManifest } = source;
      if (fetchManifest === undefined) {
        const descriptor = await ask(() => source.resolve(ref, { signal }));
        if (!isManifestType(descriptor.mediaType)) return { descriptor };
        return { descriptor, parsed: await read(descriptor) };
      }
      return ask(async () => {
        const { descriptor, bytes } = await fetchManifest.call(source, ref, { signal });
        if (!isManifestType(descriptor.mediaType)) return { descriptor };
        assertManifestDescriptor(descriptor, maxBytes);
        verifyBytes(descriptor, bytes);
        return { descriptor, parsed: keep(parseAs(bytes, descriptor, maxBytes)) };
      });
    },
  };
}

/** Whether content was not what its descriptor says, whoever noticed. */
export function isMismatch(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "DIGEST_MISMATCH" || error.code === "SIZE_MISMATCH";
}

/** Manifests are a few kB each; beyond this the rest is fetched again when it is pushed, and memory stays flat. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

function assertManifestDescriptor({ digest, size }: Descriptor, maxBytes: number): void {
  digestAlgorithm(digest);
  assertSize(size);
  if (size > maxBytes) {
    throw new ContentError(
      "SIZE_EXCEEDED",
      `The manifest ${digest} has ${size} bytes; at most ${maxBytes} are read.`,
    );
  }
}

function parseAs(bytes: Uint8Array, { mediaType, digest }: Descriptor, maxBytes: number): ParsedManifest {
  const parsed = parseManifest(bytes, mediaType, { algorithm: digestAlgorithm(digest), maxBytes });
  if (parsed.kind !== "schema1") return parsed;
  throw new ContentError(
    "UNSUPPORTED",
    `${digest} is a Docker schema 1 manifest. Registries have dropped that format: rebuild the image, or pull it with a tool that converts it.`,
  );
}
