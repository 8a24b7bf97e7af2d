import {
  assertSize,
  ContentError,
  type ContentWriter,
  type Descriptor,
  digestAlgorithm,
  LIMITS,
  type ParsedManifest,
  parseManifest,
  verifyBytes,
} from "@reg/content";

/**
 * Takes a manifest: it is held until it is whole, verified and understood, and only then written. Codes of `commit`:
 * `SIZE_MISMATCH`, `DIGEST_MISMATCH`, `INVALID`, and those of the writer it goes to.
 *
 * @param open - Opens the writer that the verified bytes go to.
 * @param committed - Called when they are there.
 */
export function manifestWriter(
  descriptor: Descriptor,
  open: () => Promise<ContentWriter>,
  committed: (manifest: ParsedManifest) => Promise<void>,
): ContentWriter {
  assertSize(descriptor.size);
  if (descriptor.size > LIMITS.manifestBytes) {
    throw new ContentError(
      "SIZE_EXCEEDED",
      `A manifest has at most ${LIMITS.manifestBytes} bytes, not ${descriptor.size}.`,
    );
  }
  let bytes = new Uint8Array(descriptor.size);
  let length = 0;
  return {
    offset: 0,
    write(chunk) {
      if (length + chunk.byteLength > descriptor.size) {
        throw new ContentError(
          "SIZE_MISMATCH",
          `${descriptor.digest} has more than the ${descriptor.size} bytes announced.`,
        );
      }
      bytes.set(chunk, length);
      length += chunk.byteLength;
    },
    async restart() {
      length = 0;
    },
    async commit() {
      const whole = bytes.subarray(0, length);
      verifyBytes(descriptor, whole);
      const manifest = parseManifest(whole, descriptor.mediaType, {
        algorithm: digestAlgorithm(descriptor.digest),
      });
      const writer = await open();
      if (writer.offset > 0) await writer.restart();
      await writer.write(whole);
      await writer.commit();
      await committed(manifest);
    },
    async abort() {
      bytes = new Uint8Array(0);
      length = 0;
    },
  };
}
