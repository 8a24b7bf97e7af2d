import type { Digest } from "@reg/reference";
import * as z from "zod/mini";
import type { Descriptor, Platform } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { isDigestSyntax } from "./hasher.ts";
import { LIMITS } from "./limits.ts";
import { quote } from "./quote.ts";

// Documents are read loosely: unknown fields pass and are kept (image-spec, considerations.md, "Extensibility"), and
// `null` counts as absent, for that is how some Go programs write an empty list. What is known must be well formed.

/** A document as it was read, with the fields nobody knows. */
export type Loose<T> = T & Readonly<Record<string, unknown>>;

/** An OCI image manifest, or a Docker manifest v2 (image-spec, manifest.md). */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An OCI index, or a Docker manifest list (image-spec, image-index.md). */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** The artifact manifest that image-spec 1.1 withdrew before it was final. Read and copied, never written. */
export interface ArtifactManifest {
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly blobs: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** One step of a build (image-spec, config.md, "history"). */
export interface HistoryEntry {
  readonly created?: string | undefined;
  readonly created_by?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  readonly empty_layer?: boolean | undefined;
}

/** How a container of the image is started (image-spec, config.md, "config"). */
export interface RuntimeConfig {
  readonly User?: string | undefined;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Entrypoint?: readonly string[] | undefined;
  readonly Cmd?: readonly string[] | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | undefined;
  readonly WorkingDir?: string | undefined;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
  readonly StopSignal?: string | undefined;
}

/** The configuration of an image (image-spec, config.md). */
export interface ImageConfig {
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly architecture: string;
  readonly os: string;
  readonly "os.version"?: string | undefined;
  readonly "os.features"?: readonly string[] | undefined;
  readonly variant?: string | undefined;
  readonly config?: RuntimeConfig | undefined;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[] | undefined;
}

/** A schema whose output is `T`; what goes in is whatever `JSON.parse` gave. */
export type Schema<T> = z.ZodMiniType<T>;

/** Reads a value by a schema; code `INVALID`, with the place where it is wrong. */
export function readAs<T>(schema: Schema<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${formatPath(issue.path)}`;
  throw new ContentError("INVALID", `The ${what} is wrong${place}: ${explain(issue)}.`);
}

const text = z.string();
const texts = z.array(text);
const textMap = z.record(text, text);
// Checked right here, so that the output may be called a digest.
const digest = text.check(z.refine(isDigestSyntax, "this is not a digest")) as unknown as Schema<Digest>;
const size = z
  .number()
  .check(
    z.refine(
      (value) => Number.isInteger(value) && value >= 0 && value <= LIMITS.contentBytes,
      "a size is a whole number of bytes, and none is that large",
    ),
  );

/** A platform (image-spec, image-index.md). */
export const platformSchema: Schema<Loose<Platform>> = loose({
  // Go programs write "" where they know nothing, and leave out what is "".
  os: z._default(text, ""),
  architecture: z._default(text, ""),
  variant: z.optional(text),
  "os.version": z.optional(text),
  "os.features": z.optional(texts),
});

/** A descriptor (image-spec, descriptor.md). */
export const descriptorSchema: Schema<Loose<Descriptor>> = loose({
  mediaType: text,
  digest,
  size,
  urls: z.optional(texts),
  annotations: z.optional(textMap),
  data: z.optional(text),
  artifactType: z.optional(text),
  platform: z.optional(platformSchema),
});

const descriptors = z._default(z.array(descriptorSchema), []);
const schemaVersion = z.literal(2, "schemaVersion is 2");

/** An image manifest (image-spec, manifest.md). */
export const manifestSchema: Schema<Loose<ImageManifest>> = loose({
  schemaVersion,
  mediaType: z.optional(text),
  artifactType: z.optional(text),
  config: descriptorSchema,
  layers: descriptors,
  subject: z.optional(descriptorSchema),
  annotations: z.optional(textMap),
});

/** An index (image-spec, image-index.md). */
export const indexSchema: Schema<Loose<ImageIndex>> = loose({
  schemaVersion,
  mediaType: z.optional(text),
  artifactType: z.optional(text),
  manifests: descriptors,
  subject: z.optional(descriptorSchema),
  annotations: z.optional(textMap),
});

export const artifactSchema: Schema<Loose<ArtifactManifest>> = loose({
  mediaType: text,
  artifactType: z.optional(text),
  blobs: descriptors,
  subject: z.optional(descriptorSchema),
  annotations: z.optional(textMap),
});

const runtimeConfigSchema: Schema<Loose<RuntimeConfig>> = loose({
  User: z.optional(text),
  ExposedPorts: z.optional(z.record(text, z.unknown())),
  Env: z.optional(texts),
  Entrypoint: z.optional(texts),
  Cmd: z.optional(texts),
  Volumes: z.optional(z.record(text, z.unknown())),
  WorkingDir: z.optional(text),
  Labels: z.optional(textMap),
  StopSignal: z.optional(text),
});

const historySchema: Schema<Loose<HistoryEntry>> = loose({
  created: z.optional(text),
  created_by: z.optional(text),
  author: z.optional(text),
  comment: z.optional(text),
  empty_layer: z.optional(z.boolean()),
});

/** An image configuration (image-spec, config.md). */
export const configSchema: Schema<Loose<ImageConfig>> = loose({
  created: z.optional(text),
  author: z.optional(text),
  architecture: z._default(text, ""),
  os: z._default(text, ""),
  "os.version": z.optional(text),
  "os.features": z.optional(texts),
  variant: z.optional(text),
  config: z.optional(runtimeConfigSchema),
  rootfs: loose({ type: z._default(text, "layers"), diff_ids: z._default(z.array(digest), []) }),
  history: z.optional(z.array(historySchema)),
});

/** An object with these fields and any others; fields that are `null` are taken as absent. */
function loose<S extends Readonly<Record<string, z.ZodMiniType>>>(
  shape: S,
): z.ZodMiniType<Loose<z.output<z.ZodMiniObject<S>>>> {
  // The cast only names the output: what the pipe gives is what looseObject gives.
  return z.pipe(z.transform(withoutNulls), z.looseObject(shape)) as unknown as z.ZodMiniType<
    Loose<z.output<z.ZodMiniObject<S>>>
  >;
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  // fromEntries defines properties: a field called __proto__ stays a field.
  return entries.some(([, field]) => field === null)
    ? Object.fromEntries(entries.filter(([, field]) => field !== null))
    : value;
}

/** The small build of zod has no texts of its own. */
function explain(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case "invalid_type":
      return `it is no ${issue.expected}`;
    case "unrecognized_keys":
      return `it has the unknown field ${quote(issue.keys[0] ?? "")}`;
    case "invalid_value":
      return issue.message === "Invalid input"
        ? `it is none of ${issue.values.map(String).join(", ")}`
        : issue.message;
    case "custom":
      return issue.message;
    default:
      return "it is not what the format allows";
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_]\w*$/.test(String(part))) text += text === "" ? String(part) : `.${String(part)}`;
    // A field that a stranger named.
    else text += `[${quote(String(part))}]`;
  }
  return text;
}
