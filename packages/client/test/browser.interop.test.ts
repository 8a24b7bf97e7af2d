import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../../.config/programs.ts";
import { testClient } from "./support/scripted-registry.ts";

const chromium = findProgram("chromium", "chromium-browser", "google-chrome") ?? "";

/** What the page does: what it finds out goes back to the server the page came from. */
const PAGE = `
import { RegistryClient } from "@reg/client";
import { fetchTransport } from "@reg/transport";

const host = new URLSearchParams(location.search).get("registry");
const client = new RegistryClient({ transport: fetchTransport(undefined, { redirect: "follow" }) });
const say = (value) => fetch("/result", { method: "POST", body: JSON.stringify(value) });
const tags = [];
try {
  for await (const tag of client.tags.list(host + "/demo", { pageSize: 2 })) tags.push(tag);
  const manifest = await client.manifests.get(host + "/demo:a");
  const head = await client.manifests.head(host + "/demo:a");
  const stored = await client.blobs.put(host + "/demo", new TextEncoder().encode("from a browser"));
  const back = await (await client.blobs.get(host + "/demo@" + stored.digest)).bytes(1000);
  await say({ tags, digest: manifest.descriptor.digest, head: head.descriptor, back: new TextDecoder().decode(back) });
} catch (error) {
  await say({ tags, code: error.code, message: error.message });
}
`;

describe.skipIf(chromium === "")("in headless Chromium", () => {
  let folder: string;
  let pages: Server;
  let open: RegistryListener;
  let closed: RegistryListener;
  /** Lets pages read its answers, and no header of them but the usual. */
  let silent: Awaited<ReturnType<typeof serveHiding>>;
  let heard: (result: unknown) => void = () => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "client-browser-"));
    const script = await bundle(folder);
    pages = createServer((request, response) => {
      if (request.method === "POST") {
        void text(request).then((body) => heard(JSON.parse(body)));
        return void response.end();
      }
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : '<body><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
    open = await serve(createRegistry({ storage: memoryStorage(), cors: { origins: "*" } }));
    closed = await serve(createRegistry({ storage: memoryStorage() }));
    silent = await serveHiding("access-control-expose-headers");
    const index = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
    for (const { url } of [open, closed, silent]) {
      const ref = `${new URL(url).host}/demo:a`;
      await testClient().manifests.put(ref, new TextEncoder().encode(index), { tags: ["b", "c", "d", "e"] });
    }
  });

  afterAll(async () => {
    await open.close();
    await closed.close();
    await silent.close();
    pages.closeAllConnections();
    await new Promise((resolve) => pages.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it("lists tags page by page, reads and stores, where the registry lets pages read its headers", async () => {
    const digest = await testClient().manifests.digest(`${new URL(open.url).host}/demo:a`);
    expect(await visit(open.url)).toMatchObject({
      tags: ["a", "b", "c", "d", "e"],
      digest,
      head: { digest },
      back: "from a browser",
    });
  });

  it("says what may be the matter where the registry lets no page read its answers", async () => {
    expect(await visit(closed.url)).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("CORS"),
    });
  });

  it("lists all tags where the registry exposes no header, and says which one an upload lacks", async () => {
    expect(await visit(silent.url)).toMatchObject({
      tags: ["a", "b", "c", "d", "e"],
      code: "PROTOCOL",
      message: expect.stringContaining("Location"),
    });
  });

  async function visit(registry: string): Promise<unknown> {
    const address = pages.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const result = new Promise<unknown>((resolve) => {
      heard = resolve;
    });
    const browser = spawn(
      chromium,
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        `--user-data-dir=${join(folder, "profile")}`,
        `http://127.0.0.1:${port}/?registry=${new URL(registry).host}`,
      ],
      // It leaves the folder of its socket in the temporary folder: this one goes with the test.
      { stdio: "ignore", env: { ...process.env, TMPDIR: folder } },
    );
    const exited = new Promise((resolve) => browser.once("exit", resolve));
    try {
      return await result;
    } finally {
      browser.kill("SIGTERM");
      await exited;
    }
  }
});

/** The page's script with all it imports, for a browser: a built-in of Node in it would fail the build. */
async function bundle(folder: string): Promise<string> {
  const entry = join(import.meta.dirname, "browser-page.generated.js");
  await writeFile(entry, PAGE);
  try {
    await build({
      config: false,
      entry: { page: entry },
      outDir: folder,
      format: "esm",
      platform: "browser",
      target: "es2022",
      noExternal: [/./],
      silent: true,
      esbuildOptions: (options) => {
        options.conditions = ["@reg/source", "browser", "import"];
      },
    });
  } finally {
    await rm(entry, { force: true });
  }
  return readFile(join(folder, "page.js"), "utf8");
}

/** The embedded registry for pages of any origin, but that one header is missing. */
async function serveHiding(header: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const registry = createRegistry({ storage: memoryStorage(), cors: { origins: "*" } });
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await buffer(request);
      const answer = await registry.fetch(
        new Request(`http://${request.headers.host ?? ""}${request.url ?? "/"}`, {
          method: request.method ?? "GET",
          headers: Object.entries(request.headers).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]),
          ...(sent.byteLength === 0 ? {} : { body: sent }),
        }),
      );
      const headers = [...answer.headers].filter(([name]) => name !== header);
      response.writeHead(answer.status, Object.fromEntries(headers));
      response.end(new Uint8Array(await answer.arrayBuffer()));
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
