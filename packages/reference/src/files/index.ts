export { applyFixes } from "./apply-fixes.ts";
export { findComposeReferences } from "./compose.ts";
export { findDockerfileReferences } from "./dockerfile.ts";
export type { FileReference } from "./file-reference.ts";
export { formatJson, formatSarif, formatText } from "./format-findings.ts";
export { findKubernetesReferences } from "./kubernetes.ts";
export {
  detectFileKind,
  type FileKind,
  type Finding,
  findReferences,
  type LintOptions,
  lintFile,
  type SourceFile,
} from "./lint-file.ts";
export type { MappedSpan, MappedText } from "./mapped-text.ts";
export type { ParseYaml, YamlDocument } from "./yaml.ts";
