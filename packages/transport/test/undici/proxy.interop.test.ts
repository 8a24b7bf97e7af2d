import { readFile, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, hasPrograms } from "../../../../.config/programs.ts";
import type { TransportEngine } from "../../src/index.ts";
import { type UndiciTransportOptions, undiciTransport } from "../../src/undici.ts";
import { Authority } from "../authority.ts";
import { startProgram } from "../start-program.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const installed = hasPrograms("tinyproxy", "openssl");

describe.skipIf(!installed)("a forward proxy (needs tinyproxy and openssl)", () => {
  const cleanup = new AsyncDisposableStack();
  const engines: TransportEngine[] = [];
  let authority: Authority;
  let ca = "";
  let proxyPort = 0;
  let httpsPort = 0;
  let httpPort = 0;
  let tlsProxyPort = 0;
  let log = "";

  const started = async (server: Server | ReturnType<typeof createHttpServer>): Promise<number> => {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    cleanup.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    // A listening TCP server has an AddressInfo.
    return (server.address() as AddressInfo).port;
  };

  beforeAll(async () => {
    const folder = cleanup.use(await temporaryFolder());
    authority = await Authority.create(folder.path);
    await authority.issue("server", "DNS:registry.test,DNS:proxy.test,IP:127.0.0.1", 1);
    ca = await authority.read("ca.crt");
    const tls = { cert: await authority.read("server.crt"), key: await authority.read("server.key") };
    const body = Buffer.alloc(3_000_000, "blob");
    httpsPort = await started(createServer(tls, (_request, response) => response.end(body)));
    httpPort = await started(
      createHttpServer((request, response) => response.end(String(request.headers["authorization"]))),
    );
    const tlsProxy = createServer(tls);
    tlsProxy.on("connect", (request, client: Duplex) => {
      const target = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connected\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      target.on("error", () => client.destroy());
      client.on("error", () => target.destroy());
    });
    tlsProxyPort = await started(tlsProxy);
    proxyPort = await freePort();
    log = join(folder.path, "proxy.log");
    const conf = join(folder.path, "tinyproxy.conf");
    const ports = [httpsPort].map((port) => `ConnectPort ${port}`).join("\n");
    await writeFile(
      conf,
      `Port ${proxyPort}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth user pass-word\nLogFile "${log}"\nLogLevel Connect\nMaxClients 50\n${ports}\n`,
    );
    cleanup.use(await startProgram("tinyproxy", ["-d", "-c", conf], proxyPort));
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    await cleanup.disposeAsync();
  });

  function engineOf(options: UndiciTransportOptions): TransportEngine {
    const engine = undiciTransport({ ca, ...options });
    engines.push(engine);
    return engine;
  }

  const good = (): string => `http://user:pass-word@127.0.0.1:${proxyPort}`;
  const https = (): URL => new URL(`https://127.0.0.1:${httpsPort}/v2/`);
  const get = (url: URL) => ({ method: "GET", url, headers: { authorization: "Bearer canary" } });

  it("tunnels https, with credentials, to a reader and to a sink", async () => {
    const engine = engineOf({ proxy: good() });
    const response = await engine(get(https()));
    expect((await response.body.bytes(4_000_000)).byteLength).toBe(3_000_000);
    let taken = 0;
    const write = (chunk: Uint8Array): void => {
      taken += chunk.byteLength;
    };
    await engine({ ...get(https()), sink: { write } });
    expect(taken).toBe(3_000_000);
    expect(await readFile(log, "utf8")).toContain(`CONNECT 127.0.0.1:${httpsPort}`);
  });

  it("carries plain http, and shows the proxy's credentials to nobody else", async () => {
    const response = await engineOf({ proxy: good() })(get(new URL(`http://127.0.0.1:${httpPort}/v2/`)));
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe("Bearer canary");
  });

  it("says what is wrong with wrong credentials, a port that is not allowed, a dead proxy", async () => {
    const plain = new URL(`http://127.0.0.1:${httpPort}/`);
    const wrong = engineOf({ proxy: `http://user:canary@127.0.0.1:${proxyPort}` });
    const without = engineOf({ proxy: `http://127.0.0.1:${proxyPort}` });
    for (const refused of [
      () => wrong(get(https())),
      () => without(get(https())),
      () => without(get(plain)),
    ]) {
      const error = await refused().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "CONFIG", message: expect.stringContaining("credentials") });
      expect(String(error)).not.toContain("canary");
    }
    const forbidden = engineOf({ proxy: good() })(get(new URL(`https://127.0.0.1:${httpPort}/`)));
    await expect(forbidden).rejects.toMatchObject({
      code: "NETWORK",
      message: expect.stringContaining("403"),
    });
    const dead = engineOf({ proxy: `http://127.0.0.1:${await freePort()}` })(get(https()));
    await expect(dead).rejects.toMatchObject({ code: "NETWORK", neverSent: true });
  });

  it("is spoken to over TLS where its URL says so, its certificate checked", async () => {
    const proxy = `https://127.0.0.1:${tlsProxyPort}`;
    const response = await engineOf({ proxy })(get(https()));
    expect((await response.body.bytes(4_000_000)).byteLength).toBe(3_000_000);
    const distrusting = undiciTransport({ proxy });
    engines.push(distrusting);
    await expect(distrusting(get(https()))).rejects.toMatchObject({ code: "TLS" });
  });

  it("is left out for whom NO_PROXY names", async () => {
    const engine = engineOf({ proxy: "http://127.0.0.1:1", noProxy: "127.0.0.0/8" });
    const response = await engine(get(https()));
    expect(response.status).toBe(200);
    await response.body.discard();
  });

  it("does not lead a public registry's requests to private addresses", async () => {
    const engine = engineOf({ proxy: good(), lookup: async () => [{ address: "192.0.2.1", family: 4 }] });
    const request = { ...get(https()), onBehalfOf: "https://registry.test" };
    await expect(engine(request)).rejects.toMatchObject({ code: "POLICY_REFUSED" });
  });
});
