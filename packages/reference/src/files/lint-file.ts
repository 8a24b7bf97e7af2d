import { diagnoseReference, type Fix } from "../diagnose-reference.ts";
import { findComposeReferences } from "./compose.ts";
import { findDockerfileReferences } from "./dockerfile.ts";
import type { FileReference } from "./file-reference.ts";
import { findKubernetesReferences } from "./kubernetes.ts";
import { locate } from "./mapped-text.ts";
import type { ParseYaml } from "./yaml.ts";

export type FileKind = "dockerfile" | "compose" | "kubernetes";

/** A file to look through; its path says what kind it is, where `kind` does not. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly kind?: FileKind;
}

export interface LintOptions {
  /** Reads YAML: `parseAllDocuments` of the `yaml` package. */
  readonly parseYaml: ParseYaml;
  /** Build arguments of a Dockerfile, the environment of a compose file. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Something to say about a reference in a file. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** In UTF-16 code units from the file's start. */
  readonly offset: number;
  readonly length: number;
  readonly severity: "error" | "warning" | "note";
  /** One of {@link diagnoseReference}'s, `VARIABLE_UNRESOLVED` (a note) or `YAML_INVALID`. */
  readonly code: string;
  readonly message: string;
  /** What the image is there for: `FROM`, `services.web.image`; empty for `YAML_INVALID`. */
  readonly role: string;
  /** The reference, its variables replaced. */
  readonly input: string;
  /** Text to put in place of a span of the file. */
  readonly fix?: Fix;
}

/** What kind of file the path names; YAML that is no compose file is taken for Kubernetes' manifests. */
export function detectFileKind(path: string): FileKind | undefined {
  const name = path.slice(path.search(/[^/\\]*$/)).toLowerCase();
  if (/^(dockerfile|containerfile)(\.|$)|\.(dockerfile|containerfile)$/.test(name)) return "dockerfile";
  if (!/\.ya?ml$/.test(name)) return undefined;
  return /^(docker-)?compose\b/.test(name) ? "compose" : "kubernetes";
}

/** Each place where the file names an image. Nothing, where the kind is not known. */
export function findReferences(file: SourceFile, options: LintOptions): readonly FileReference[] {
  switch (file.kind ?? detectFileKind(file.path)) {
    case "dockerfile":
      return findDockerfileReferences(file.text, options.variables);
    case "compose":
      return findComposeReferences(file.text, options.parseYaml, options.variables);
    case "kubernetes":
      return findKubernetesReferences(file.text, options.parseYaml);
    default:
      return [];
  }
}

/**
 * What a linter has to say about the images that a file names, in the file's order.
 *
 * @example
 * ```ts
 * const findings = lintFile({ path: "Dockerfile", text: "FROM Ubuntu\n" }, { parseYaml: () => [] });
 * findings[0]?.code; // "NAME_UPPERCASE"
 * ```
 */
export function lintFile(file: SourceFile, options: LintOptions): readonly Finding[] {
  const place = placer(file.text);
  const findings = new Map<string, Finding>();
  const add = (finding: Omit<Finding, "path" | "line" | "column">): void => {
    // A default that several stages begin from is told of once.
    const key = `${finding.offset} ${finding.length} ${finding.code}`;
    if (!findings.has(key)) findings.set(key, { path: file.path, ...place(finding.offset), ...finding });
  };

  const kind = file.kind ?? detectFileKind(file.path);
  if (kind === "compose" || kind === "kubernetes") {
    for (const { message, pos } of options.parseYaml(file.text).flatMap(({ errors }) => errors)) {
      const [line = ""] = message.split("\n");
      const span = { offset: pos[0], length: pos[1] - pos[0] };
      add({ ...span, severity: "error", code: "YAML_INVALID", message: line, role: "", input: "" });
    }
  }
  for (const reference of findReferences(file, options))
    for (const finding of diagnose(reference)) add(finding);
  return [...findings.values()].sort((a, b) => a.offset - b.offset);
}

function diagnose({
  role,
  span,
  value,
  variable,
  built,
}: FileReference): Omit<Finding, "path" | "line" | "column">[] {
  const { offset, length } = span;
  if (value === undefined) {
    const message = `${variable ?? "a variable"} has no value here, so this was not looked at`;
    return [{ offset, length, severity: "note", code: "VARIABLE_UNRESOLVED", message, role, input: "" }];
  }
  return diagnoseReference(value.text)
    .filter(({ severity }) => severity === "error" || built !== true)
    .map(({ severity, code, message, fix, ...where }) => {
      const found = locate(value, where.offset, where.length, span);
      const finding = {
        offset: found.offset,
        length: found.length,
        severity,
        code,
        message,
        role,
        input: value.text,
      };
      const replaced = fix === undefined ? undefined : locate(value, fix.offset, fix.length, span);
      return fix === undefined || replaced?.exact !== true
        ? finding
        : { ...finding, fix: { offset: replaced.offset, length: replaced.length, text: fix.text } };
    });
}

/** Lines and columns by offset, from the places of the line breaks. */
function placer(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
