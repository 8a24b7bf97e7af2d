import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, test } from "vitest";
import { createRegistry, memoryStorage } from "../src/index.ts";
import {
  bytesOf,
  codeOf,
  inProcess,
  noise,
  pushBlob,
  pushDocument,
  pushImage,
  type Send,
} from "./support.ts";

describe("what is switched off", () => {
  test("deleting is 405 for digests, tags and blobs, while an upload may still be cancelled", async () => {
    const { registry, send } = inProcess({ deletes: false });
    await using _ = registry;
    const image = await pushImage(send, "a", "1", "x");
    for (const path of [
      `manifests/${image.digest}`,
      "manifests/1",
      `blobs/${digestOf(bytesOf("layer: x"))}`,
    ]) {
      const response = await send(`/v2/a/${path}`, { method: "DELETE" });
      expect([response.status, await codeOf(response)]).toEqual([405, "UNSUPPORTED"]);
    }
    const upload = await send("/v2/a/blobs/uploads/", { method: "POST" });
    expect((await send(upload.headers.get("location") ?? "", { method: "DELETE" })).status).toBe(204);
  });

  test("a read-only registry serves, and changes nothing", async () => {
    const storage = memoryStorage();
    const { send: write } = inProcess({ storage });
    const image = await pushImage(write, "a", "1", "x");
    const { send } = inProcess({ storage, readOnly: true });
    expect((await send("/v2/a/manifests/1")).status).toBe(200);
    for (const [method, path] of [
      ["POST", "/v2/a/blobs/uploads/"],
      ["PUT", "/v2/a/manifests/2"],
      ["DELETE", `/v2/a/manifests/${image.digest}`],
    ] as const) {
      expect((await send(path, { method })).status).toBe(405);
    }
  });
});

test("a sparse registry takes an image before its blobs", async () => {
  const absent = { digest: digestOf(bytesOf("absent")), size: 6 };
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: MEDIA_TYPES.ociConfig, ...absent },
    layers: [{ mediaType: MEDIA_TYPES.ociLayer, ...absent }],
  };
  const strict = await pushDocument(inProcess().send, "a", "1", document);
  expect(strict.response.status).toBe(400);
  const sparse = await pushDocument(inProcess({ sparse: true }).send, "a", "1", document);
  expect(sparse.response.status).toBe(201);
});

describe("browsers", () => {
  const origin = { origin: "https://evil.example" };

  test.each(["PUT", "POST", "PATCH", "DELETE", "OPTIONS"])("a page's %s is 403", async (method) => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const response = await send("/v2/a/blobs/uploads/", { method, headers: origin });
    expect([response.status, await codeOf(response)]).toEqual([403, "DENIED"]);
    const form = await send("/v2/a/blobs/uploads/", { method, headers: { "sec-fetch-site": "cross-site" } });
    expect(form.status).toBe(403);
  });

  test("a page may not read either: no header allows it", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const response = await send("/v2/_catalog", { headers: origin });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("pages that are allowed by name may do everything, others nothing", async () => {
    const { registry, send } = inProcess({ cors: { origins: ["https://app.example"] } });
    await using _ = registry;
    const headers = { origin: "https://app.example" };
    const preflight = await send("/v2/a/manifests/1", {
      method: "OPTIONS",
      headers: {
        ...headers,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization, content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    const started = await send("/v2/a/blobs/uploads/", { method: "POST", headers });
    expect(started.status).toBe(202);
    expect(started.headers.get("access-control-expose-headers")).toContain("Location");
    const missing = await send("/v2/a/manifests/1", { headers });
    expect([missing.status, missing.headers.get("access-control-allow-origin")]).toEqual([
      404,
      "https://app.example",
    ]);
    expect((await send("/v2/a/blobs/uploads/", { method: "POST", headers: origin })).status).toBe(403);
  });
});

describe("answers", () => {
  test("warnings come with every answer, as the specification writes them", async () => {
    const { registry, send } = inProcess({ warnings: ['this "registry" ends\r\nsoon', "second"] });
    await using _ = registry;
    for (const path of ["/v2/", "/v2/none/manifests/1"]) {
      expect((await send(path)).headers.get("warning")).toBe(
        '299 - "this \\"registry\\" ends??soon", 299 - "second"',
      );
    }
  });

  test("paths that are none of the API's are 404, names and digests that are none 400", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    for (const path of ["/v1/", "/v2/a", "/v2/a/tags", "/v3", "/v2/a/unknown/x"])
      expect((await send(path)).status, path).toBe(404);
    for (const path of [
      "/v2/UPPER/manifests/1",
      "/v2//manifests/1",
      "/v2/a//b/manifests/1",
      "/v2/-a/manifests/1",
      "/v2/a%2fb/manifests/1",
      "/v2/a%/manifests/1",
      `/v2/${"a".repeat(256)}/manifests/1`,
      "/v2/a/blobs/sha256:ABC",
      "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
      "/v2/a/manifests/a%0d%0ab",
      `/v2/a/manifests/${"t".repeat(129)}`,
    ]) {
      expect((await send(path)).status, path).toBe(400);
    }
  });

  test("a percent-encoded digest is understood", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const digest = await pushBlob(send, "a", noise(10));
    expect((await send(`/v2/a/blobs/${digest.replace(":", "%3A")}`)).status).toBe(200);
  });

  test("a fault of the storage is 500 without a word of where it is, and is told to the one who runs it", async () => {
    const storage = memoryStorage();
    const secret = new Error("/secret/place: EIO");
    const heard: unknown[] = [];
    await using registry = createRegistry({
      storage: { ...storage, repositories: () => Promise.reject(secret) },
      onError: (error) => heard.push(error),
    });
    const response = await registry.fetch(new Request("http://registry.test/v2/_catalog"));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(heard).toEqual([secret]);
  });

  test("limits that are no numbers are refused at once", () => {
    expect(() => createRegistry({ storage: memoryStorage(), limits: { uploads: -1 } })).toThrow(RangeError);
  });

  test("a page of referrers stays below what clients read", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const subject = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytesOf("s")), size: 1 };
    for (let i = 0; i < 5; i += 1) {
      await pushDocument(send, "a", undefined, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [],
        subject,
        annotations: { i: String(i), text: "x".repeat(1_400_000) },
      });
    }
    const sizes = await pageSizes(send, `/v2/a/referrers/${subject.digest}`);
    expect(sizes.reduce((sum, { entries }) => sum + entries, 0)).toBe(5);
    for (const { bytes } of sizes) expect(bytes).toBeLessThan(4 * 1024 * 1024);
    expect(sizes.length).toBe(3);
  });
});

async function pageSizes(send: Send, first: string): Promise<{ bytes: number; entries: number }[]> {
  const pages: { bytes: number; entries: number }[] = [];
  for (let path: string | undefined = first; path !== undefined && pages.length < 20; ) {
    const response: Response = await send(path);
    const text = await response.text();
    const { manifests } = JSON.parse(text) as { manifests: unknown[] }; // our own answer
    pages.push({ bytes: text.length, entries: manifests.length });
    path = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return pages;
}
