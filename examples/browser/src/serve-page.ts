import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";

const here = (name: string): URL => new URL(name, import.meta.url);

/** The page on a port of its own. */
export interface ServedPage extends AsyncDisposable {
  /** What the registry has to allow. */
  readonly origin: string;
}

/** Bundles the page's script, and serves both on this machine; port 0 takes a free one. */
export async function servePage(port: number): Promise<ServedPage> {
  const [html, script] = await Promise.all([readFile(here("page.html")), bundle()]);
  const files = new Map([
    ["/", { type: "text/html; charset=utf-8", body: html }],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: script }],
  ]);
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url ?? "/", "http://page").pathname);
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": file.type }).end(file.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  // A TCP server that listens has an address of this form.
  const address = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One module for browsers: a built-in of Node anywhere in it would fail the build. */
export async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [here("page.ts").pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "silent",
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error("the bundle is empty");
  return script.contents;
}
