import { digestOf } from "@reg/content";
import { expect, test } from "vitest";
import { createRegistry, type Fault, memoryStorage, serve } from "../src/index.ts";
import { inProcess, noise, overHttp, pushBlob, type Send } from "./support.ts";

const blob = noise(200_000);
const path = `/v2/a/blobs/${digestOf(blob)}`;

async function faulty(...faults: Fault[]): Promise<{ send: Send; [Symbol.asyncDispose](): Promise<void> }> {
  const storage = memoryStorage();
  await pushBlob(inProcess({ storage }).send, "a", blob);
  const listener = await serve(createRegistry({ storage, faults }));
  return { send: overHttp(listener.url), [Symbol.asyncDispose]: () => listener.close() };
}

test("a status comes as often as it was asked for, then everything is well", async () => {
  await using registry = await faulty({
    kind: "status",
    status: 429,
    retryAfter: 3,
    method: "GET",
    path: "/blobs/",
    after: 1,
    times: 2,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const response = await registry.send(path);
    statuses.push(response.status);
    if (response.status === 429) {
      expect(response.headers.get("retry-after")).toBe("3");
      expect(await response.json()).toMatchObject({ errors: [{ code: "TOOMANYREQUESTS" }] });
    } else await response.arrayBuffer();
  }
  expect(statuses).toEqual([200, 429, 429, 200, 200]);
  expect((await registry.send("/v2/")).status).toBe(200);
});

test("a body may be of another kind, as a proxy's", async () => {
  await using registry = await faulty({ kind: "status", status: 502, body: "<html>bad gateway" });
  const response = await registry.send("/v2/");
  expect([response.status, await response.text()]).toEqual([502, "<html>bad gateway"]);
});

test("a truncated body announces its whole length and ends early", async () => {
  await using registry = await faulty({ kind: "truncate", afterBytes: 1000, times: 1 });
  const response = await registry.send(path);
  expect(response.headers.get("content-length")).toBe("200000");
  await expect(response.arrayBuffer()).rejects.toThrow();
  const rest = await registry.send(path, { headers: { range: "bytes=1000-" } });
  expect((await rest.arrayBuffer()).byteLength).toBe(199_000);
});

test("a corrupt body has its length and not its digest", async () => {
  await using registry = await faulty({ kind: "corrupt" });
  const bytes = new Uint8Array(await (await registry.send(path)).arrayBuffer());
  expect(bytes.byteLength).toBe(200_000);
  expect(digestOf(bytes)).not.toBe(digestOf(blob));
  expect(bytes.subarray(0, -1)).toEqual(blob.subarray(0, -1));
});

test("a wrong digest is in the header alone", async () => {
  await using registry = await faulty({ kind: "wrong-digest" });
  const response = await registry.send(path);
  expect(response.headers.get("docker-content-digest")).toBe(`sha256:${"0".repeat(64)}`);
  expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digestOf(blob));
});

test("a redirect goes where it is told, or where a function says", async () => {
  await using registry = await faulty({
    kind: "redirect",
    path: /\/blobs\/sha256/,
    times: 1,
    location: (url) => {
      url.searchParams.set("signed", "1");
      return url.href;
    },
  });
  const response = await registry.send(path);
  expect(response.redirected).toBe(true);
  expect(new URL(response.url).search).toBe("?signed=1");
  expect((await response.arrayBuffer()).byteLength).toBe(200_000);
});

test("a delay waits, a drop says nothing", async () => {
  await using registry = await faulty(
    { kind: "delay", delayMs: 60, times: 1 },
    { kind: "drop", method: "HEAD" },
  );
  const before = performance.now();
  expect((await registry.send("/v2/")).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(50);
  await expect(registry.send(path, { method: "HEAD" })).rejects.toThrow();
});

test("without a port, a cut is an error of the body or of the call", async () => {
  const { registry, send } = inProcess({
    faults: [
      { kind: "truncate", afterBytes: 1, path: "/_catalog" },
      { kind: "drop", path: "/v2/x" },
    ],
  });
  await using _ = registry;
  await expect((await send("/v2/_catalog")).text()).rejects.toThrow();
  await expect(send("/v2/x/tags/list")).rejects.toThrow();
});
