import type { ContentSource, ContentTarget, Reference } from "@reg/sdk";
import type { Call } from "./call.ts";
import { type Location, parseLocation } from "./location.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

/** A place that content is read from, and the name of what is wanted there. */
export interface OpenSource {
  readonly store: ContentSource;
  readonly ref: string;
  /** As the user may write it again: a reference, or `oci:DIR:TAG`. */
  readonly label: string;
  /** The tag or digest that a target takes over where it is given none. */
  readonly name: string;
  readonly remote?: Reference;
}

/** A place that content is written to. */
export interface OpenTarget {
  readonly store: ContentTarget;
  readonly ref: string;
  readonly label: string;
  readonly remote?: Reference;
  /** Makes what was written final, where that is a step of its own. */
  finish(): Promise<void>;
  /** After a failure: takes away what this run alone made. */
  abandon(error: unknown): Promise<void>;
}

export async function openSource(call: Call, session: Session, text: string): Promise<OpenSource> {
  const location = parseLocation(text);
  const { sdk, client } = session;
  if (location.kind === "remote") {
    const remote = session.image(location.reference);
    const ref = refOf(remote);
    return {
      store: client.repository(remote, { write: false }),
      ref,
      label: remote.toString(),
      name: remote.tag ?? ref,
      remote,
    };
  }
  const { kind, path } = location;
  const store =
    kind === "oci"
      ? await sdk.openLayout(path, { signal: call.signal })
      : kind === "oci-archive"
        ? await sdk.openOciArchive(path, { mode: "read" })
        : await sdk.openDockerArchive(path, { mode: "read" });
  call.defer(() => store[Symbol.asyncDispose]());
  const ref = location.name ?? (await onlyName(store, text));
  return { store, ref, label: `${kind}:${path}:${ref}`, name: ref };
}

/** Opens the target once it is known that there is something to put into it. */
export async function openTarget(
  call: Call,
  session: Session,
  text: string,
  source: OpenSource,
): Promise<OpenTarget> {
  const location = parseLocation(text);
  const { sdk, client } = session;
  if (location.kind === "remote") {
    const remote = session.image(location.reference);
    const mountFrom = source.remote?.domain === remote.domain ? source.remote.path : undefined;
    return {
      store: client.repository(remote, { mountFrom }),
      ref: refOf(remote),
      label: remote.toString(),
      remote,
      finish: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
  }
  const { kind, path } = location;
  if (kind === "oci") {
    const { openLayoutTarget } = await import("./open-layout-target.ts");
    return openLayoutTarget(call, sdk, path, localName(location, source));
  }
  const name = localName(location, source);
  const durable = !call.flag("no-sync");
  const archive =
    kind === "oci-archive"
      ? await sdk.openOciArchive(path, { mode: "write", durable })
      : await sdk.openDockerArchive(path, { mode: "write", durable });
  // Disposed of without `close`, an archive leaves nothing; after it, disposing does nothing.
  call.defer(() => archive[Symbol.asyncDispose]());
  return {
    store: archive,
    ref: name,
    label: `${kind}:${path}:${name}`,
    finish: () => archive.close(),
    abandon: () => Promise.resolve(),
  };
}

/** A target that is there already and is to be mended. */
export async function openRepairTarget(
  call: Call,
  session: Session,
  text: string,
): Promise<Pick<OpenTarget, "store" | "ref" | "label">> {
  const location = parseLocation(text);
  if (location.kind === "remote") {
    const remote = session.image(location.reference);
    return { store: session.client.repository(remote), ref: refOf(remote), label: remote.toString() };
  }
  if (location.kind !== "oci") {
    throw new UsageError(`${text} cannot be mended in place`, "an archive is made anew with `reg copy`");
  }
  const store = await session.sdk.openLayout(location.path, { signal: call.signal });
  call.defer(() => store[Symbol.asyncDispose]());
  const ref = location.name ?? (await onlyName(store, text));
  return { store, ref, label: `oci:${location.path}:${ref}` };
}

/** What a registry is asked for: the digest where there is one. */
export function refOf(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/** A tag as the target writes it: one of a registry is checked before anything is asked. */
export function checkTag(session: Session, remote: Reference | undefined, tag: string): string {
  return remote === undefined ? tag : session.tag(remote, tag);
}

/** What an image is called in a place on this machine: as the user says, or as it is called at its source. */
export function localName(location: Location, source: OpenSource): string {
  if (location.kind === "remote") return source.name;
  return location.name ?? (location.kind === "docker-archive" ? dockerName(source) : source.name);
}

/** Docker knows images by repository and tag. */
function dockerName(source: OpenSource): string {
  if (source.remote === undefined) return source.name;
  const { remote } = source;
  return remote.with({ tag: remote.tag ?? "latest", digest: undefined }).familiar();
}

/** The one image of a store, where there is one and the user named none. */
async function onlyName(store: ContentSource, text: string): Promise<string> {
  const names: string[] = [];
  for await (const tag of store.tags?.() ?? []) names.push(tag);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (names.length === 0)
    throw new UsageError(`${text} holds no named image`, `name one by its digest: ${text}@sha256:…`);
  throw new UsageError(`${text} holds ${names.length} images`, `name one: ${names.slice(0, 5).join(", ")}`);
}
