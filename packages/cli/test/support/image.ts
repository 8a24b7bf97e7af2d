import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An OCI image layout written by hand, so that what we read was not written by ourselves. */
export interface TestImage {
  readonly dir: string;
  readonly digest: string;
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
  readonly platforms: readonly string[];
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** Makes a layout with one image, under the tag given. */
export function writeImage(
  dir: string,
  tag: string,
  layers: readonly Buffer[] = [Buffer.from("a layer\n")],
): TestImage {
  const made = imageBlobs(dir, "amd64", layers);
  writeIndex(dir, [
    { mediaType: MANIFEST, ...made.descriptor, annotations: { "org.opencontainers.image.ref.name": tag } },
  ]);
  return { dir, digest: made.descriptor.digest, ...made, platforms: ["linux/amd64"] };
}

/** Makes a layout with an image for two platforms. */
export function writeIndexImage(dir: string, tag: string): TestImage {
  const amd64 = imageBlobs(dir, "amd64", [Buffer.from("for amd64\n"), Buffer.from("for both\n")]);
  const arm64 = imageBlobs(dir, "arm64", [Buffer.from("for arm64\n"), Buffer.from("for both\n")]);
  const manifests = [amd64, arm64].map(({ descriptor, architecture }) => ({
    mediaType: MANIFEST,
    ...descriptor,
    platform: { os: "linux", architecture },
  }));
  // Spaces that no serialiser of ours would write: bytes have to come through as they are.
  const index = Buffer.from(
    `${JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }, undefined, 3)}\n`,
  );
  const descriptor = writeBlob(dir, index);
  writeIndex(dir, [
    { mediaType: INDEX, ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } },
  ]);
  return {
    dir,
    digest: descriptor.digest,
    manifest: index,
    config: amd64.config,
    layers: [...amd64.layers, ...arm64.layers],
    platforms: ["linux/amd64", "linux/arm64"],
  };
}

export function blobFile(dir: string, digest: string): string {
  return join(dir, "blobs", ...digest.split(":"));
}

function imageBlobs(dir: string, architecture: string, layers: readonly Buffer[]) {
  const config = Buffer.from(
    JSON.stringify({
      created: "2024-05-06T07:08:09Z",
      architecture,
      os: "linux",
      config: { Labels: { team: "a", evil: "\u001b[31mred\u202etxt" }, Entrypoint: ["/hello"] },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer)) },
      history: layers.map(() => ({ created: "2024-05-06T07:08:09Z", created_by: "a test" })),
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify(
      {
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...writeBlob(dir, config) },
        layers: layers.map((layer) => ({
          mediaType: "application/vnd.oci.image.layer.v1.tar",
          ...writeBlob(dir, layer),
        })),
      },
      undefined,
      2,
    ),
  );
  return { descriptor: writeBlob(dir, manifest), manifest, config, layers, architecture };
}

function writeBlob(dir: string, bytes: Buffer): { digest: string; size: number } {
  const digest = digestOf(bytes);
  mkdirSync(join(dir, "blobs", "sha256"), { recursive: true });
  writeFileSync(blobFile(dir, digest), bytes);
  return { digest, size: bytes.length };
}

function writeIndex(dir: string, manifests: readonly object[]): void {
  writeFileSync(join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
