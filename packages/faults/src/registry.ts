import { randomUUID } from "node:crypto";
import { type Content, content, type TestImage } from "./image.ts";
import type { RecordedRequest, Reply, Script } from "./origin.ts";

/** Where a case goes wrong: true when it has answered (or means not to), false to let the good registry answer. */
export type Fault = (request: RecordedRequest, reply: Reply) => boolean | Promise<boolean>;

/** A request of the distribution API, taken apart. */
export interface Route {
  readonly kind: "ping" | "manifest" | "blob" | "uploads" | "session" | "tags" | "referrers" | "other";
  readonly repository: string;
  /** Tag, digest or upload session. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/**
 * The script of a registry that does everything right, for one image under any repository and tag, and takes uploads.
 * A case says only where it goes wrong.
 *
 * @example
 * ```ts
 * const script = goodRegistry(testImage(), (request, reply) => {
 *   if (route(request.target).kind !== "blob") return false;
 *   reply.reset();
 *   return true;
 * });
 * await using registry = await startOrigin(script);
 * ```
 */
export function goodRegistry(image: TestImage, fault: Fault = () => false): Script {
  const contents = new Map<string, Content>();
  for (const one of [image.manifest, image.config, ...image.layers]) contents.set(one.digest, one);
  const sessions = new Map<string, Buffer>();

  return async (request, reply) => {
    if (!(await fault(request, reply))) answer(request, reply);
  };

  function answer(request: RecordedRequest, reply: Reply): void {
    const asked = route(request.target);
    if (asked.kind === "ping") reply.send(200, {}, "{}");
    else if (asked.kind === "tags")
      reply.send(200, JSON_TYPE, JSON.stringify({ name: asked.repository, tags: ["1.0"] }));
    else if (asked.kind === "referrers") reply.send(200, INDEX_TYPE, EMPTY_INDEX);
    else if (asked.kind === "manifest" && request.method === "PUT") putManifest(asked, request, reply);
    else if (asked.kind === "manifest" || asked.kind === "blob") getContent(asked, request, reply);
    else if (asked.kind === "uploads") startUpload(asked, reply);
    else if (asked.kind === "session") continueUpload(asked, request, reply);
    else notFound(reply);
  }

  function putManifest({ repository }: Route, request: RecordedRequest, reply: Reply): void {
    created(
      reply,
      `/v2/${repository}/manifests`,
      content(request.headers["content-type"] ?? "", request.body),
    );
  }

  function getContent({ kind, name }: Route, request: RecordedRequest, reply: Reply): void {
    const tagged = kind === "manifest" && !name.includes(":") ? image.manifest : undefined;
    const found = contents.get(name) ?? tagged;
    if (found === undefined) notFound(reply);
    else serveContent(request, reply, found);
  }

  function startUpload({ repository }: Route, reply: Reply): void {
    const session = randomUUID();
    sessions.set(session, Buffer.alloc(0));
    reply.send(202, { Location: `/v2/${repository}/blobs/uploads/${session}`, Range: "0-0" });
  }

  function continueUpload({ repository, name, query }: Route, request: RecordedRequest, reply: Reply): void {
    const taken = sessions.get(name);
    if (taken === undefined) {
      notFound(reply);
      return;
    }
    const grown = Buffer.concat([taken, request.body]);
    if (request.method === "PUT") {
      const blob = content("application/octet-stream", grown);
      if (blob.digest === query.get("digest")) {
        sessions.delete(name);
        created(reply, `/v2/${repository}/blobs`, blob);
      } else reply.send(400, JSON_TYPE, errors("DIGEST_INVALID"));
    } else if (request.method === "DELETE") {
      sessions.delete(name);
      reply.send(204);
    } else {
      sessions.set(name, grown);
      const progress = {
        Location: `/v2/${repository}/blobs/uploads/${name}`,
        Range: `0-${Math.max(grown.length - 1, 0)}`,
      };
      reply.send(request.method === "PATCH" ? 202 : 204, progress);
    }
  }

  function created(reply: Reply, folder: string, stored: Content): void {
    contents.set(stored.digest, stored);
    reply.send(201, { Location: `${folder}/${stored.digest}`, "Docker-Content-Digest": stored.digest });
  }
}

/** What a request asks for. */
export function route(target: string): Route {
  const url = new URL(target, "http://registry");
  const path = url.pathname;
  const made = (kind: Route["kind"], repository = "", name = ""): Route => ({
    kind,
    repository,
    name: decodeURIComponent(name),
    query: url.searchParams,
  });
  if (path === "/v2/" || path === "/v2") return made("ping");
  const match = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/([^/]*)$/.exec(path);
  if (match === null) return made("other");
  const [, repository = "", resource = "", name = ""] = match;
  if (resource === "blobs/uploads") return made(name === "" ? "uploads" : "session", repository, name);
  if (resource === "blobs")
    return name === "uploads" ? made("uploads", repository) : made("blob", repository, name);
  if (resource === "manifests") return made("manifest", repository, name);
  return made(resource === "tags" ? "tags" : "referrers", repository, name);
}

/** Serves content as a registry does, ranges included. */
export function serveContent(request: RecordedRequest, reply: Reply, served: Content): void {
  const { bytes } = served;
  const headers = { "Content-Type": served.mediaType, "Docker-Content-Digest": served.digest };
  const start = /^bytes=(\d+)-$/.exec(request.headers["range"] ?? "")?.[1];
  if (request.method === "HEAD") reply.send(200, { ...headers, "Content-Length": String(bytes.length) });
  else if (start === undefined) reply.send(200, headers, bytes);
  else {
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    reply.send(206, { ...headers, "Content-Range": range }, bytes.subarray(Number(start)));
  }
}

export const JSON_TYPE = { "Content-Type": "application/json" } as const;

/** The body a registry refuses with. */
export function errors(code: string, message = "scripted"): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

const INDEX_TYPE = { "Content-Type": "application/vnd.oci.image.index.v1+json" };
const EMPTY_INDEX =
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

function notFound(reply: Reply): void {
  reply.send(404, JSON_TYPE, errors("NAME_UNKNOWN"));
}
