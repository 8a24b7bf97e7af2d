import { createManifestReader } from "../copy/manifest-reader.ts";
import { createScheduler } from "../copy/scheduler.ts";
import type { Descriptor, Platform } from "../descriptor.ts";
import type { ParsedImage } from "../parse-manifest.ts";
import { parsePlatform } from "../platform.ts";
import type { RuntimeConfig } from "../schemas.ts";
import type { ContentSource, StoreOptions } from "../store.ts";
import { loadConfig } from "./image-config.ts";
import { type JsonObject, mapImages, rawDocument } from "./map-images.ts";
import { createOverlay, type MadeContent, type Overlay } from "./overlay.ts";

/** What is to be different. A value of `null` takes a label, annotation or variable away. */
export interface ImageChanges {
  /** Annotations of the manifest, and of the index where there is one. */
  readonly annotations?: Readonly<Record<string, string | null>> | undefined;
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  /** Environment variables, by name. */
  readonly env?: Readonly<Record<string, string | null>> | undefined;
  readonly entrypoint?: readonly string[] | null | undefined;
  readonly cmd?: readonly string[] | null | undefined;
  readonly user?: string | null | undefined;
  readonly workingDir?: string | null | undefined;
  readonly stopSignal?: string | null | undefined;
  /** Ports, as `8080/tcp`, in place of those there are. */
  readonly exposedPorts?: readonly string[] | null | undefined;
  readonly volumes?: readonly string[] | null | undefined;
  readonly author?: string | null | undefined;
  /** An RFC 3339 time. */
  readonly created?: string | null | undefined;
  /** Says that the image is for this platform. For a single image only. */
  readonly platform?: Platform | string | undefined;
}

/**
 * Changes the configuration and annotations of an image, or of every image of an index. Layers stay what they are,
 * and so do fields nobody here knows. Nothing is written: copy what comes back.
 *
 * @throws {@link ContentError} `INVALID`, `UNSUPPORTED` where configuration is to be changed and there is none;
 * whatever the source throws.
 *
 * @example
 * ```ts
 * import { type ContentTarget, copy, mutateImage } from "@reg/content";
 * async function relabel(store: ContentTarget): Promise<void> {
 *   const made = await mutateImage(store, "v1", { labels: { team: "blue" }, cmd: ["serve"] });
 *   await copy(made.source, made.descriptor.digest, store, "v1-blue");
 * }
 * ```
 */
export async function mutateImage(
  source: ContentSource,
  ref: string,
  changes: ImageChanges,
  options: StoreOptions = {},
): Promise<MadeContent> {
  const { signal } = options;
  const reader = createManifestReader(source, { scheduler: createScheduler(), signal });
  const overlay = createOverlay(source);
  const { descriptor: root } = await reader.resolve(ref);
  const annotate = (document: JsonObject): JsonObject =>
    changes.annotations === undefined
      ? document
      : withField(document, "annotations", merged(document["annotations"], changes.annotations));
  const descriptor = await mapImages(overlay, reader, root, {
    image: async (parsed) => {
      const config = await changedConfig(source, parsed, changes, overlay, signal);
      const document = rawDocument(parsed.bytes);
      const changed = annotate(config === undefined ? document : { ...document, config });
      return JSON.stringify(changed) === JSON.stringify(document)
        ? parsed.descriptor
        : overlay.addJson(parsed.mediaType, changed);
    },
    index: (document) => annotate(document),
  });
  return { source: overlay, descriptor };
}

async function changedConfig(
  source: ContentSource,
  parsed: ParsedImage,
  changes: ImageChanges,
  overlay: Overlay,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  const { annotations: _, ...inConfig } = changes;
  if (Object.values(inConfig).every((value) => value === undefined)) return undefined;
  const { config, raw } = await loadConfig(source, parsed, signal);
  let document = raw;
  if (changes.author !== undefined) document = withField(document, "author", changes.author);
  if (changes.created !== undefined) document = withField(document, "created", changes.created);
  if (changes.platform !== undefined) document = withPlatform(document, changes.platform);
  // An object, or the schema would not have let it pass; null where some Go program wrote none.
  let runtime = (document["config"] ?? {}) as JsonObject;
  for (const [field, value] of runtimeFields(changes, config.config ?? {})) {
    runtime = withField(runtime, field, value);
  }
  if (JSON.stringify(runtime) !== JSON.stringify(document["config"] ?? {})) {
    document = { ...document, config: runtime };
  }
  return JSON.stringify(document) === JSON.stringify(raw)
    ? undefined
    : {
        ...parsed.document.config,
        data: undefined,
        ...overlay.addJson(parsed.document.config.mediaType, document),
      };
}

/** The fields to be set, each with its value; `null` takes one away. */
function runtimeFields(
  changes: ImageChanges,
  before: RuntimeConfig,
): readonly (readonly [string, unknown])[] {
  const { labels, env, entrypoint, cmd, user, workingDir, stopSignal, exposedPorts, volumes } = changes;
  const fields: (readonly [string, unknown])[] = [
    ["Labels", labels === undefined ? undefined : merged(before.Labels, labels)],
    ["Env", env === undefined ? undefined : mergedEnv(before.Env ?? [], env)],
    ["Entrypoint", entrypoint],
    ["Cmd", cmd],
    ["User", user],
    ["WorkingDir", workingDir],
    ["StopSignal", stopSignal],
    ["ExposedPorts", asSet(exposedPorts)],
    ["Volumes", asSet(volumes)],
  ];
  return fields.filter(([, value]) => value !== undefined);
}

function asSet(names: readonly string[] | null | undefined): unknown {
  return names === null || names === undefined ? names : Object.fromEntries(names.map((name) => [name, {}]));
}

function merged(before: unknown, changes: Readonly<Record<string, string | null>>): JsonObject | null {
  // A map of strings, or the schema would not have let it pass.
  const fields = new Map(Object.entries((before ?? {}) as Readonly<Record<string, string>>));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
  return fields.size === 0 ? null : Object.fromEntries(fields);
}

/** Variables keep their places; new ones come last. */
function mergedEnv(
  before: readonly string[],
  changes: Readonly<Record<string, string | null>>,
): readonly string[] | null {
  const left = new Map(Object.entries(changes));
  const env: string[] = [];
  for (const variable of before) {
    const [name = ""] = variable.split("=", 1);
    const value = left.get(name);
    if (value === undefined) env.push(variable);
    else if (value !== null) env.push(`${name}=${value}`);
    left.delete(name);
  }
  for (const [name, value] of left) if (value !== null) env.push(`${name}=${value}`);
  return env.length === 0 ? null : env;
}

function withPlatform(document: JsonObject, platform: Platform | string): JsonObject {
  const { os, architecture, variant, ...rest } =
    typeof platform === "string" ? parsePlatform(platform) : platform;
  let changed: JsonObject = { ...document, os, architecture };
  changed = withField(changed, "variant", variant ?? null);
  changed = withField(changed, "os.version", rest["os.version"] ?? null);
  return withField(changed, "os.features", rest["os.features"] ?? null);
}

function withField(document: JsonObject, name: string, value: unknown): JsonObject {
  if (value !== null) return { ...document, [name]: value };
  return Object.fromEntries(Object.entries(document).filter(([field]) => field !== name));
}
