import { createHash } from "node:crypto";

/** Puts a small image at demo/hello under three tags, with nothing but HTTP: what the READMEs' snippets read. */
export async function seedDemo(url: URL | string): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({
      created: "2026-01-02T03:04:05Z",
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["/hello"], Labels: { "org.opencontainers.image.source": "https://example.com/hello" } },
      rootfs: { type: "layers", diff_ids: [digest(Buffer.from("hello"))] },
    }),
  );
  const layer = Buffer.from("hello");
  for (const blob of [config, layer]) await push(url, blob);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digest(config),
      size: config.length,
    },
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digest(layer), size: layer.length },
    ],
  });
  for (const tag of ["1.0", "1.1", "latest"])
    await send("PUT", new URL(`/v2/demo/hello/manifests/${tag}`, url), manifest, {
      "content-type": "application/vnd.oci.image.manifest.v1+json",
    });
}

async function push(url: URL | string, blob: Buffer): Promise<void> {
  const started = await send("POST", new URL("/v2/demo/hello/blobs/uploads/", url));
  const location = new URL(started.headers.get("location") ?? "", url);
  location.searchParams.set("digest", digest(blob));
  await send("PUT", location, blob, { "content-type": "application/octet-stream" });
}

async function send(
  method: string,
  url: URL,
  body?: string | Buffer,
  headers?: Record<string, string>,
): Promise<Response> {
  const response = await fetch(url, { method, ...(body && { body }), ...(headers && { headers }) });
  if (!response.ok) throw new Error(`${method} ${url.pathname}: ${response.status} ${await response.text()}`);
  return response;
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
