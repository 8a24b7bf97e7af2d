import type { Digest } from "@reg/reference";
import { copy } from "../copy/copy.ts";
import { onSide } from "../copy/side.ts";
import { type Descriptor, plainDescriptor } from "../descriptor.ts";
import { createOverlay, type MadeContent, type Overlay } from "../edit/overlay.ts";
import { ContentError } from "../errors.ts";
import { createHasher, digestOf } from "../hasher.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { OnProgress } from "../progress.ts";
import { quote } from "../quote.ts";
import type { ContentBody, ContentTarget } from "../store.ts";
import { assertSafeName } from "./safe-name.ts";

/** One file of an artifact. */
export interface ArtifactFile {
  /** Its title: what it is called where the artifact is pulled. A relative path with `/`. */
  readonly name: string;
  readonly body: ContentBody;
  /** The digest of the body, where it is known; else the body is read once more to find it. */
  readonly digest?: Digest | undefined;
  /** Default `application/octet-stream`. */
  readonly mediaType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What {@link packArtifact} packs. */
export interface PackArtifactOptions {
  /** What kind of thing this is, as a media type. */
  readonly artifactType: string;
  readonly files?: readonly ArtifactFile[] | undefined;
  /** A configuration of its own. Default: the empty one. */
  readonly config?: { readonly mediaType: string; readonly body: Uint8Array } | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** What the artifact is about: makes it a referrer. */
  readonly subject?: Descriptor | undefined;
  /** A tag for it. Default: none, its digest names it. */
  readonly ref?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The descriptor of `{}` (image-spec, manifest.md, "Guidance for an Empty Descriptor"). */
export const EMPTY_DESCRIPTOR: Descriptor = {
  mediaType: "application/vnd.oci.empty.v1+json",
  // The digest the specification gives.
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" as Digest,
  size: 2,
  data: "e30=",
};

/** The annotation that names a file (image-spec, annotations.md). */
export const TITLE_ANNOTATION = "org.opencontainers.image.title";

/**
 * Stores files as an OCI artifact, in the form `oras` writes and reads: an image manifest with an `artifactType`, the
 * empty configuration, and a layer with a title for each file (image-spec, manifest.md, "Guidelines for Artifact
 * Usage"). The same files give the same digest: no time is written unless the annotations have one.
 *
 * @throws {@link ContentError} `POLICY_REFUSED` for a name that could not be pulled safely, `INVALID` for two files of
 * one name or a type that is missing; as `copy` besides.
 *
 * @example
 * ```ts
 * import { memoryStore, packArtifact } from "@reg/content";
 * const store = memoryStore();
 * const body = new TextEncoder().encode("hello\n");
 * const artifact = await packArtifact(store, {
 *   artifactType: "application/vnd.example.greeting",
 *   files: [{ name: "hello.txt", body, mediaType: "text/plain" }],
 *   ref: "v1",
 * });
 * console.log(artifact.digest);
 * ```
 */
export async function packArtifact(store: ContentTarget, options: PackArtifactOptions): Promise<Descriptor> {
  const { ref, onProgress, signal, concurrency } = options;
  const { source, descriptor } = await makeArtifact(options);
  await copy(source, descriptor.digest, store, ref, { onProgress, signal, concurrency });
  return descriptor;
}

/**
 * Attaches files to what a reference names: {@link packArtifact} with that as its subject.
 *
 * @example
 * ```ts
 * import { attachArtifact, memoryStore, packArtifact } from "@reg/content";
 * const store = memoryStore();
 * await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
 * const body = new TextEncoder().encode("{}");
 * const sbom = await attachArtifact(store, "v1", {
 *   artifactType: "application/spdx+json",
 *   files: [{ name: "sbom.json", body }],
 * });
 * console.log(sbom.digest);
 * ```
 */
export async function attachArtifact(
  store: ContentTarget,
  ref: string,
  options: Omit<PackArtifactOptions, "subject">,
): Promise<Descriptor> {
  const { signal } = options;
  const subject = await onSide("target", signal, () => store.resolve(ref, { signal }));
  return packArtifact(store, { ...options, subject });
}

const EMPTY_BYTES = new TextEncoder().encode("{}");

/** The artifact as content that lies nowhere yet. */
async function makeArtifact(options: PackArtifactOptions): Promise<MadeContent> {
  const { artifactType, files = [], annotations, subject, signal } = options;
  if (artifactType === "") throw new ContentError("INVALID", "An artifact needs an artifactType.");
  assertNames(files);
  const source = createOverlay();
  const layers: Descriptor[] = [];
  for (const file of files) layers.push(source.add(await describeFile(file, signal), file.body));
  // A manifest should have a layer: the empty one, where there is nothing else.
  if (layers.length === 0) layers.push(source.add(EMPTY_DESCRIPTOR, EMPTY_BYTES));
  const descriptor = source.addJson(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: addConfig(source, options.config),
    layers,
    ...(subject === undefined ? {} : { subject: plainDescriptor(subject) }),
    ...(annotations === undefined ? {} : { annotations }),
  });
  return { source, descriptor };
}

function assertNames(files: readonly ArtifactFile[]): void {
  const names = new Set<string>();
  for (const { name } of files) {
    assertSafeName(name);
    if (names.has(name)) throw new ContentError("INVALID", `Two files are called ${quote(name)}.`);
    names.add(name);
  }
}

async function describeFile(file: ArtifactFile, signal: AbortSignal | undefined): Promise<Descriptor> {
  const { name, body, mediaType = MEDIA_TYPES.octetStream, annotations } = file;
  return {
    mediaType,
    digest: file.digest ?? (await digestOfBody(body, signal)),
    size: body instanceof Uint8Array ? body.byteLength : body.size,
    annotations: { ...annotations, [TITLE_ANNOTATION]: name },
  };
}

async function digestOfBody(body: ContentBody, signal: AbortSignal | undefined): Promise<Digest> {
  if (body instanceof Uint8Array) return digestOf(body);
  const hasher = createHasher();
  for await (const chunk of body.open(0, signal)) hasher.update(chunk);
  return hasher.digest();
}

function addConfig(source: Overlay, config: PackArtifactOptions["config"]): Descriptor {
  if (config === undefined) return source.add(EMPTY_DESCRIPTOR, EMPTY_BYTES);
  const { mediaType, body } = config;
  return source.add({ mediaType, digest: digestOf(body), size: body.byteLength }, body);
}
