import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createEngine } from "../src/engine.ts";

const missing = (): Promise<never> => Promise.reject(new Error("Cannot find package 'undici'"));

test("where undici cannot load, the runtime's fetch sends the requests", async () => {
  const server = createServer((request, response) => response.end(`hello ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  const engine = createEngine({ headersTimeoutMs: 5_000 }, missing);
  const response = await engine({ method: "GET", url: new URL(`http://127.0.0.1:${port}/v2/`), headers: {} });
  expect(Buffer.from(await response.body.bytes(100)).toString()).toBe("hello /v2/");
  await engine.close();
  await new Promise((resolve) => server.close(resolve));
});

test("where undici cannot load, options that only it can honour are refused by name", async () => {
  const url = new URL("http://127.0.0.1:1/");
  const engine = createEngine({ family: 4, proxy: "http://proxy.example", lookup: async () => [] }, missing);
  await expect(engine({ method: "GET", url, headers: {} })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringMatching(/family, proxy, lookup .*undici.*Node 22\.19/s),
  });
});

test("options that are undefined are not asked for", async () => {
  const url = new URL("http://127.0.0.1:1/");
  const engine = createEngine({ ca: undefined, cert: undefined }, missing);
  await expect(engine({ method: "GET", url, headers: {} })).rejects.toMatchObject({ code: "NETWORK" });
});

test("after close, the next request opens new connections", async () => {
  const server = createServer((_request, response) => response.end("again"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // As above.
  const { port } = server.address() as AddressInfo;
  const engine = createEngine({});
  for (let round = 0; round < 2; round += 1) {
    const response = await engine({ method: "GET", url: new URL(`http://127.0.0.1:${port}/`), headers: {} });
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe("again");
    await engine.close();
  }
  await new Promise((resolve) => server.close(resolve));
});

test("closing what was never used does nothing", async () => {
  await expect(createEngine({}).close()).resolves.toBeUndefined();
});
