export { ArchiveSource } from "./archive-source.ts";
export { ArchiveTarget } from "./archive-target.ts";
export { type BuildLayerOptions, type BuiltLayer, buildLayer } from "./build-layer.ts";
export type { Compression, UnpackLimits } from "./decompress.ts";
export { commitFile, syncFolder, writeFileAtomic } from "./disk.ts";
export { type DockerArchiveOptions, openDockerArchive } from "./docker-archive.ts";
export { describeFile, fileBody } from "./file-body.ts";
export { type FileFolder, type FolderOptions, openFolder } from "./file-folder.ts";
export { withFileLock } from "./file-lock.ts";
export { type FileWriterOptions, fileWriter } from "./file-writer.ts";
export { type FileEntry, ImageFiles } from "./image-files.ts";
export {
  blobPath,
  createLayout,
  type LayoutIndex,
  REF_NAME,
  readIndex,
  removeLayout,
  updateIndex,
} from "./layout-index.ts";
export { type OciArchiveOptions, openOciArchive } from "./oci-archive.ts";
export { type LayoutOptions, OciLayout, openLayout } from "./oci-layout.ts";
export { type OpenImageOptions, openImage } from "./open-image.ts";
export { type PackFolderOptions, packFolder } from "./pack-folder.ts";
export type { TarLimits } from "./tar-entries.ts";
export { type UnpackOptions, unpackTar } from "./unpack-tar.ts";
