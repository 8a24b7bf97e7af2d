import { type Content, content, descriptor } from "../image.ts";
import type { Target } from "./server-case.ts";
import type { Answer } from "./wire.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = content("application/vnd.oci.image.config.v1+json", "{}");

/** The header of a user who signs in by name and password. */
export function basic(username: string, password: string): { readonly Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** Begins an upload: the path of its session, or the answer where there is none. */
export async function beginUpload(
  target: Target,
  repository: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await target.send("POST", `/v2/${repository}/blobs/uploads/`, { headers });
  if (answer.status !== 202) throw new Error(`POST of an upload was answered ${answer.status}`);
  return locationOf(target, answer);
}

/** The path and query that an answer's Location leads to. */
export function locationOf(target: Target, { headers }: Answer): string {
  const { pathname, search } = new URL(headers.location ?? "/", target.url);
  return pathname + search;
}

/** The path that commits a session. */
export function commitPath(session: string, digest: string): string {
  return `${session}${session.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
}

/** Uploads a blob as every client does; an exception where that does not work. */
export async function putBlob(
  target: Target,
  repository: string,
  blob: Content,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const session = await beginUpload(target, repository, headers);
  const type = { "Content-Type": "application/octet-stream" };
  const { status } = await target.send("PUT", commitPath(session, blob.digest), {
    headers: { ...type, ...headers },
    body: blob.bytes,
  });
  if (status !== 201) throw new Error(`PUT of a blob was answered ${status}`);
}

/** The smallest image there is. */
export function smallManifest(annotations: Readonly<Record<string, string>> = {}): Content {
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor(CONFIG),
    layers: [],
    annotations,
  };
  return content(MANIFEST_TYPE, JSON.stringify(document));
}

/** Uploads the smallest image, and tags it. */
export async function putImage(target: Target, repository: string, tag = "1.0"): Promise<Content> {
  await putBlob(target, repository, CONFIG);
  const manifest = smallManifest();
  const { status } = await putManifest(target, repository, tag, manifest.bytes);
  if (status !== 201) throw new Error(`PUT of a manifest was answered ${status}`);
  return manifest;
}

export function putManifest(
  target: Target,
  repository: string,
  name: string,
  body: Buffer | string,
  options: { readonly chunked?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return target.send("PUT", `/v2/${repository}/manifests/${name}`, {
    ...options,
    headers: { "Content-Type": MANIFEST_TYPE, ...options.headers },
    body,
  });
}
