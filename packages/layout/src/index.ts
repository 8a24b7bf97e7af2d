export { ArchiveSource } from "./archive-source.ts";
export { ArchiveTarget } from "./archive-target.ts";
export { commitFile, syncFolder, writeFileAtomic } from "./disk.ts";
export { type DockerArchiveOptions, openDockerArchive } from "./docker-archive.ts";
export { describeFile, fileBody } from "./file-body.ts";
export { withFileLock } from "./file-lock.ts";
export { type FileWriterOptions, fileWriter } from "./file-writer.ts";
export {
  blobPath,
  createLayout,
  type LayoutIndex,
  REF_NAME,
  readIndex,
  updateIndex,
} from "./layout-index.ts";
export { type OciArchiveOptions, openOciArchive } from "./oci-archive.ts";
export { type LayoutOptions, OciLayout, openLayout } from "./oci-layout.ts";
