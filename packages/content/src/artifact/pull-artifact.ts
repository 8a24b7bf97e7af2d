import { chooseRoot } from "../copy/choose-root.ts";
import { createManifestReader } from "../copy/manifest-reader.ts";
import { createScheduler, type Scheduler } from "../copy/scheduler.ts";
import { together } from "../copy/together.ts";
import { transferBlob } from "../copy/transfer.ts";
import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { type ParsedManifest, successors } from "../parse-manifest.ts";
import type { OnProgress } from "../progress.ts";
import { quote } from "../quote.ts";
import type { ContentSource, ContentTarget, ContentWriter, StoreOptions } from "../store.ts";
import { TITLE_ANNOTATION } from "./pack-artifact.ts";
import { assertSafeName } from "./safe-name.ts";

/** Where files go: a folder, most often. It refuses names that pass through links. */
export interface FileTarget {
  writer(name: string, descriptor: Descriptor, options?: StoreOptions): Promise<ContentWriter>;
}

/** What {@link pullArtifact} takes, and how. */
export interface PullArtifactOptions {
  /** Refuses an artifact of another type: `INVALID`. */
  readonly artifactType?: string | undefined;
  /** Which artifact of an index. */
  readonly platform?: Platform | string | undefined;
  readonly concurrency?: number | undefined;
  /** The largest manifest that is read, in bytes. Default 4 MiB; a few registries take more. */
  readonly maxManifestBytes?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link pullArtifact} wrote. */
export interface PulledArtifact {
  readonly descriptor: Descriptor;
  readonly manifest: ParsedManifest;
  readonly files: readonly { readonly name: string; readonly descriptor: Descriptor }[];
  /** Layers without a title: they have no name to be written under. */
  readonly untitled: readonly Descriptor[];
  /** Bytes moved. */
  readonly bytes: number;
}

/**
 * Writes the files of an artifact under their titles. Every name is judged before the first byte is fetched, and every
 * file is verified before it has its name.
 *
 * @throws {@link ContentError} `POLICY_REFUSED` for an unsafe name, `INVALID` for two files of one name or another
 * artifactType, `NOT_FOUND`; whatever source and folder throw.
 */
export async function pullArtifact(
  source: ContentSource,
  ref: string,
  folder: FileTarget,
  options: PullArtifactOptions = {},
): Promise<PulledArtifact> {
  return together(options.signal, ({ signal }) => pull(source, ref, folder, { ...options, signal }));
}

async function pull(
  source: ContentSource,
  ref: string,
  folder: FileTarget,
  options: PullArtifactOptions & { readonly signal: AbortSignal },
): Promise<PulledArtifact> {
  const { signal, platform, artifactType, onProgress, maxManifestBytes } = options;
  const scheduler = options.scheduler ?? createScheduler({ concurrency: options.concurrency });
  const reader = createManifestReader(source, { scheduler, signal, maxManifestBytes });
  const { root, parsed } = await chooseRoot(ref, { platform }, reader);
  const manifest = parsed ?? (await reader.read(root));
  if (manifest.kind !== "image" && manifest.kind !== "artifact") {
    throw new ContentError("INVALID", `${quote(ref)} is an index: choose one of its platforms.`);
  }
  const actual = manifest.document.artifactType;
  if (artifactType !== undefined && actual !== artifactType) {
    throw new ContentError(
      "INVALID",
      `${quote(ref)} is of the type ${quote(actual ?? "")}, not ${quote(artifactType)}.`,
    );
  }
  const layers = manifest.kind === "image" ? manifest.document.layers : successors(manifest);
  const { files, untitled } = filesOf(layers);
  const context = { source, scheduler, signal, emit: onProgress };
  const sizes = await Promise.all(
    files.map(async ({ name, descriptor }) => {
      const result = await transferBlob({ ...context, target: fileAsTarget(folder, name) }, descriptor);
      return result.how === "copied" ? result.bytes : 0;
    }),
  );
  return { descriptor: root, manifest, files, untitled, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function filesOf(layers: readonly Descriptor[]): Pick<PulledArtifact, "files" | "untitled"> {
  const files = new Map<string, Descriptor>();
  const untitled: Descriptor[] = [];
  for (const descriptor of layers) {
    const name = descriptor.annotations?.[TITLE_ANNOTATION];
    if (name === undefined || name === "") {
      untitled.push(descriptor);
      continue;
    }
    assertSafeName(name);
    const other = files.get(name);
    if (other !== undefined && other.digest !== descriptor.digest) {
      throw new ContentError("INVALID", `The artifact has two files called ${quote(name)}.`);
    }
    files.set(name, descriptor);
  }
  return { files: [...files].map(([name, descriptor]) => ({ name, descriptor })), untitled };
}

/** A place for one file, as the copy engine writes to places. */
function fileAsTarget(folder: FileTarget, name: string): ContentTarget {
  const unused = (): never => {
    throw new ContentError("UNSUPPORTED", "A folder of files is only written to.");
  };
  return {
    resolve: async () => unused(),
    fetch: async () => unused(),
    exists: async () => false,
    push: async (descriptor, body, options) => {
      const writer = await folder.writer(name, descriptor, options);
      try {
        if (writer.offset > 0) await writer.restart();
        if (body instanceof Uint8Array) await writer.write(body);
        else for await (const chunk of body.open(0, options?.signal)) await writer.write(chunk);
      } catch (error) {
        await writer.abort();
        throw error;
      }
      await writer.commit();
    },
    tag: async () => unused(),
    writer: (descriptor, options) => folder.writer(name, descriptor, options),
  };
}
