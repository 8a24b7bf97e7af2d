import { randomBytes } from "node:crypto";
import { digestOf, MEDIA_TYPES } from "@reg/sdk";

export interface StubContent {
  readonly path: string;
  readonly body: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
}

/** Where the stub keeps a blob of `bench/app`. */
export function blobPath(digest: string): string {
  return `v2/bench/app/blobs/${digest}`;
}

export function randomBlobs(count: number, bytes: number): StubContent[] {
  return Array.from({ length: count }, () => blob(MEDIA_TYPES.ociLayerGzip, randomBytes(bytes)));
}

/** The manifest of these layers at `bench/app:1.0`; its configuration is the first layer's, so that no file is missing. */
export function manifestOf(layers: readonly StubContent[]): StubContent {
  const descriptors = layers.map(({ mediaType, digest, body }) => ({ mediaType, digest, size: body.length }));
  const mediaType = MEDIA_TYPES.ociManifest;
  const body = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: descriptors[0], layers: descriptors }),
  );
  return { path: "v2/bench/app/manifests/1.0", body, digest: digestOf(body), mediaType };
}

function blob(mediaType: string, body: Uint8Array): StubContent {
  const digest = digestOf(body);
  return { path: blobPath(digest), body, digest, mediaType };
}
