import {
  ContentError,
  type Descriptor,
  encodeJson,
  isIndexType,
  MEDIA_TYPES,
  parseManifest,
} from "@reg/content";
import type { ArchiveFormat, FinishedArchive } from "./archive-target.ts";
import { fullDockerName, parseDockerName, shortDockerName } from "./docker-name.ts";
import { blobName, EMPTY_INDEX, formatIndex, REF_NAME } from "./layout-index.ts";
import { IMAGE_NAME } from "./layout-refs.ts";

/** What `docker load` takes: an OCI layout, and `manifest.json` for the versions before 25. */
export function dockerFormat(repository: string | undefined): ArchiveFormat {
  return {
    accept({ mediaType }) {
      if (isIndexType(mediaType) || UNKNOWN_TO_DOCKER.has(mediaType)) {
        throw new ContentError(
          "UNSUPPORTED",
          `A docker archive holds single images and no ${mediaType}; pick a platform.`,
        );
      }
    },
    // `docker load` would take each for an image.
    referrers: false,
    name: (ref) => shortDockerName(parseDockerName(ref, repository)),
    async finish(archive) {
      return [
        {
          name: "index.json",
          bytes: formatIndex({ ...EMPTY_INDEX, manifests: archive.manifests.map(withDockerNames) }),
        },
        { name: "manifest.json", bytes: encodeJson(await dockerImages(archive)) },
      ];
    },
  };
}

const UNKNOWN_TO_DOCKER: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociArtifact,
  MEDIA_TYPES.dockerSchema1,
  MEDIA_TYPES.dockerSchema1Signed,
]);

/** Docker reads the full name, and of the other annotation expects the tag alone. */
function withDockerNames(entry: Descriptor): Descriptor {
  const short = entry.annotations?.[REF_NAME];
  if (short === undefined) return entry;
  const name = parseDockerName(short);
  return { ...entry, annotations: { [IMAGE_NAME]: fullDockerName(name), [REF_NAME]: name.tag } };
}

async function dockerImages(archive: FinishedArchive): Promise<readonly object[]> {
  const images = new Map<string, { Config: string; RepoTags: string[] | null; Layers: string[] }>();
  for (const entry of archive.manifests) {
    const tag = entry.annotations?.[REF_NAME];
    let image = images.get(entry.digest);
    if (image === undefined) {
      const manifest = parseManifest(await archive.read(entry), entry.mediaType);
      if (manifest.kind !== "image") {
        throw new ContentError(
          "UNSUPPORTED",
          `A docker archive holds images, not a manifest of the kind ${manifest.kind}.`,
        );
      }
      const { config, layers } = manifest.document;
      const missing = [config, ...layers].find(({ digest }) => !archive.has(digest));
      if (missing !== undefined) {
        throw new ContentError(
          "INVALID",
          `The image ${tag ?? entry.digest} is not whole: ${missing.digest} is missing.`,
        );
      }
      image = {
        Config: blobName(config.digest),
        RepoTags: null,
        Layers: layers.map(({ digest }) => blobName(digest)),
      };
      images.set(entry.digest, image);
    }
    if (tag !== undefined) image.RepoTags = [...(image.RepoTags ?? []), tag];
  }
  return [...images.values()];
}
