import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";
import { createRegistry, memoryStorage, type Registry, type RegistryOptions } from "../src/index.ts";

/** Sends a request to a registry, by its fetch handler or over a socket. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** A registry without a port. */
export function inProcess(options: Partial<RegistryOptions> = {}): { registry: Registry; send: Send } {
  const registry = createRegistry({ storage: memoryStorage(), ...options });
  return { registry, send: (path, init) => registry.fetch(new Request(`http://registry.test${path}`, init)) };
}

export function overHttp(url: string): Send {
  return (path, init) => fetch(url + path, init);
}

export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "reg-server-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Bytes that are the same every time and compress badly. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Begins an upload and gives the path to go on at. */
export async function startUpload(send: Send, repository: string): Promise<string> {
  const response = await send(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
  return locationOf(response);
}

export function locationOf(response: Response): string {
  const location = response.headers.get("location");
  if (location === null) throw new Error(`no Location: ${response.status}`);
  const url = new URL(location, "http://registry.test");
  return url.pathname + url.search;
}

export async function pushBlob(
  send: Send,
  repository: string,
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: "sha256" | "sha512" = "sha256",
): Promise<string> {
  const digest = digestOf(bytes, algorithm);
  const location = await startUpload(send, repository);
  const response = await send(`${location}?digest=${digest}`, { method: "PUT", body: bytes });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return digest;
}

export interface PushedManifest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly response: Response;
}

export async function pushDocument(
  send: Send,
  repository: string,
  reference: string | undefined,
  document: Readonly<Record<string, unknown>>,
): Promise<PushedManifest> {
  const bytes = new Uint8Array(encodeJson(document));
  const mediaType = String(document["mediaType"]);
  const digest = digestOf(bytes);
  const response = await send(`/v2/${repository}/manifests/${reference ?? digest}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: bytes,
  });
  return { bytes, digest, mediaType, size: bytes.byteLength, response };
}

/** Pushes an image of one layer whose content is the text. */
export async function pushImage(
  send: Send,
  repository: string,
  reference: string | undefined,
  text: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<PushedManifest> {
  const config = bytesOf(
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { text } } }),
  );
  const layer = bytesOf(`layer: ${text}`);
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: {
      mediaType: MEDIA_TYPES.ociConfig,
      digest: await pushBlob(send, repository, config),
      size: config.byteLength,
    },
    layers: [
      {
        mediaType: MEDIA_TYPES.ociLayer,
        digest: await pushBlob(send, repository, layer),
        size: layer.byteLength,
      },
    ],
    ...more,
  };
  const pushed = await pushDocument(send, repository, reference, document);
  if (pushed.response.status !== 201)
    throw new Error(`${pushed.response.status}: ${await pushed.response.text()}`);
  return pushed;
}

/** Code of the first error of an error document. */
export async function codeOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] }; // what refusals are made of
  return errors[0]?.code ?? "none";
}
