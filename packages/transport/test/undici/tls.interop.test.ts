import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, hasPrograms, run } from "../../../../.config/programs.ts";
import {
  type ByteSink,
  type TransportEngine,
  type TransportRequest,
  withRedirects,
} from "../../src/index.ts";
import { readCertsFolders } from "../../src/node.ts";
import { type UndiciTransportOptions, undiciTransport } from "../../src/undici.ts";
import { Authority } from "../authority.ts";
import { startProgram } from "../start-program.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const installed = hasPrograms("nginx", "openssl");

/** Doors of one nginx: each a certificate, or a demand, of its own. */
const DOORS = ["good", "expired", "other", "client", "plain", "redirecting"] as const;
type Door = (typeof DOORS)[number];

describe.skipIf(!installed)("TLS in front of a registry (needs nginx and openssl)", () => {
  const cleanup = new AsyncDisposableStack();
  const ports = new Map<Door, number>();
  const engines: TransportEngine[] = [];
  let authority: Authority;
  let ca = "";

  beforeAll(async () => {
    const folder = cleanup.use(await temporaryFolder());
    authority = await Authority.create(folder.path);
    await authority.issue("good", "DNS:localhost,IP:127.0.0.1", 1);
    await authority.issue("expired", "DNS:localhost,IP:127.0.0.1", -1);
    await authority.issue("other", "DNS:other.example", 1);
    await authority.issue("caller", "DNS:caller", 1);
    ca = await authority.read("ca.crt");
    for (const door of DOORS) ports.set(door, await freePort());
    const conf = join(folder.path, "nginx.conf");
    await writeFile(conf, nginxConf(folder.path));
    cleanup.use(
      await startProgram(
        "nginx",
        ["-p", folder.path, "-e", join(folder.path, "e.log"), "-c", conf],
        ports.get("good") ?? 0,
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    await cleanup.disposeAsync();
  });

  function nginxConf(folder: string): string {
    const secured = (door: Door, cert: string, more: string): string => `server {
      listen 127.0.0.1:${ports.get(door)} ssl; ssl_certificate ${folder}/${cert}.crt; ssl_certificate_key ${folder}/${cert}.key;
      ${more}
    }`;
    const answer = `location /big { root ${folder}; } location /closing { alias ${folder}/big; keepalive_timeout 0; } location / { add_header X-Caller $ssl_client_s_dn always; return 200 "ok"; }`;
    const client = `ssl_client_certificate ${folder}/ca.crt; ssl_verify_client`;
    const elsewhere = `https://localhost:${ports.get("good")}/`;
    // Started by root, nginx would serve as a user who may not read the folder.
    const user = process.getuid?.() === 0 ? "user root;" : "";
    return `daemon off; ${user} worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events {} http { access_log off;
      client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      ${secured("good", "good", `${client} optional; ${answer}`)}
      ${secured("expired", "expired", answer)}
      ${secured("other", "other", answer)}
      ${secured("client", "good", `${client} on; ${answer}`)}
      ${secured("redirecting", "good", `${client} on; location / { return 307 ${elsewhere}; }`)}
      server { listen 127.0.0.1:${ports.get("plain")}; ${answer} }
    }`;
  }

  function engineOf(options: UndiciTransportOptions): TransportEngine {
    const engine = undiciTransport({ proxy: false, ...options });
    engines.push(engine);
    return engine;
  }

  function get(door: Door, more: Partial<TransportRequest> = {}): TransportRequest {
    return { method: "GET", url: new URL(`https://localhost:${ports.get(door)}/v2/`), headers: {}, ...more };
  }

  async function text(engine: TransportEngine, request: TransportRequest): Promise<string> {
    const response = await engine(request);
    return Buffer.from(await response.body.bytes(1_000)).toString();
  }

  it("trusts an authority that is added, and that alone where it is said", async () => {
    expect(await text(engineOf({ ca }), get("good"))).toBe("ok");
    expect(await text(engineOf({ ca, onlyCa: true }), get("good"))).toBe("ok");
    expect(
      await text(
        engineOf({ ca: [Buffer.from(ca)] }),
        get("good", { url: new URL(`https://127.0.0.1:${ports.get("good")}/`) }),
      ),
    ).toBe("ok");
  });

  it("trusts an authority that the system's store knows", async () => {
    const engine = JSON.stringify(join(import.meta.dirname, "../../src/undici.ts"));
    const script = `
      const { undiciTransport } = await import(${engine});
      const response = await undiciTransport()({ method: "GET", url: new URL(${JSON.stringify(get("good").url.href)}), headers: {} });
      console.log(response.status);`;
    const node = ["--conditions=@reg/source", "--input-type=module", "--eval", script];
    const environment = [`SSL_CERT_FILE=${authority.path("ca.crt")}`, process.execPath];
    expect(await run("env", ...environment, ...node)).toBe("200\n");
  });

  it("gives a body to a sink over TLS, however slow that is", async () => {
    const body = randomBytes(6_000_000);
    await writeFile(authority.path("big"), body);
    const engine = engineOf({ ca });
    const pull = async (path: string): Promise<string> => {
      const hash = createHash("sha256");
      let turn = 0;
      const write = (chunk: Uint8Array): void | Promise<void> => {
        if (turn++ % 3 === 0) return sleep(1).then(() => void hash.update(chunk));
        hash.update(chunk);
      };
      const response = await engine(get("good", { url: new URL(path, get("good").url), sink: { write } }));
      expect(response.status).toBe(200);
      return hash.digest("hex");
    };
    const expected = createHash("sha256").update(body).digest("hex");
    for (const path of ["/big", "/closing"]) {
      expect(await Promise.all([pull(path), pull(path), pull(path)])).toEqual([expected, expected, expected]);
    }
  });

  it("has a worker trust, over TLS, what is trusted for the host", async () => {
    const body = randomBytes(6_000_000);
    await writeFile(authority.path("big"), body);
    const engine = engineOf({ workers: 1, tlsFor: async () => ({ ca }) });
    const pull = async (name: string): Promise<number> => {
      const file = await open(authority.path(name), "w+");
      let elsewhere = 0;
      const sink: ByteSink = {
        write: (chunk) => file.write(chunk).then(() => undefined),
        file: {
          fd: file.fd,
          position: 0,
          size: body.byteLength,
          algorithm: "sha256",
          wrote: (bytes) => {
            elsewhere += bytes;
          },
          failed: (cause) => cause,
        },
      };
      const response = await engine(get("good", { url: new URL("/big", get("good").url), sink }));
      expect(response.status).toBe(200);
      await file.close();
      expect((await readFile(authority.path(name))).equals(body)).toBe(true);
      return elsewhere;
    };
    const pulled = await Promise.all([pull("one"), pull("two")]);
    expect(pulled).toContain(body.byteLength);
  });

  it("says which certificate it refuses, why, and what to do", async () => {
    const refusal = async (engine: TransportEngine, door: Door): Promise<string> => {
      const error = await engine(get(door)).then(
        () => expect.unreachable(),
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: "TLS", retryable: false, neverSent: true });
      return String(error);
    };
    expect(await refusal(engineOf({}), "good")).toMatch(
      /:\d+ \(subject good, issuer Test authority, .* the option `ca`/,
    );
    expect(await refusal(engineOf({ ca }), "expired")).toMatch(/subject expired,.* has expired: /);
    expect(await refusal(engineOf({ ca }), "other")).toMatch(/DNS:other\.example.* is for another name/);
    expect(await refusal(engineOf({ ca }), "plain")).toContain("does not speak TLS");
  });

  it("checks the name of a pinned host, and sends it as SNI", async () => {
    const port = ports.get("other");
    const engine = engineOf({ ca, resolve: { [`other.example:${port}`]: "127.0.0.1" } });
    expect(await text(engine, get("other", { url: new URL(`https://other.example:${port}/`) }))).toBe("ok");
  });

  it("is insecure for the hosts that are named, and for them alone", async () => {
    const engine = engineOf({ insecure: [`localhost:${ports.get("expired")}`] });
    expect(await text(engine, get("expired"))).toBe("ok");
    await expect(engine(get("good"))).rejects.toMatchObject({ code: "TLS" });
  });

  it("shows a client certificate to the registry, and to nobody it leads to", async () => {
    const identity = {
      ca,
      cert: await authority.read("caller.crt"),
      key: await authority.read("caller.key"),
    };
    const engine = engineOf(identity);
    expect((await engine(get("client"))).headers.get("x-caller")).toBe("CN=caller");
    const origin = get("redirecting").url.origin;
    const context = { registry: "localhost", origin, scopes: [] };
    const response = await withRedirects()(engine)(get("redirecting", { context }));
    expect(response.url.port).toBe(String(ports.get("good")));
    expect(response.headers.get("x-caller") ?? "").toBe("");
    await response.body.discard();
    expect((await engineOf({ ca })(get("client"))).status).toBe(400);
  });

  it("takes authorities and client certificates from a certs.d folder", async () => {
    const folder = join(authority.folder, "certs.d");
    const home = join(folder, `localhost:${ports.get("client")}`);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, "ca.crt"), ca);
    await writeFile(join(home, "caller.cert"), await authority.read("caller.crt"));
    await writeFile(join(home, "caller.key"), await authority.read("caller.key"));
    const engine = engineOf({ tlsFor: readCertsFolders([folder]) });
    expect((await engine(get("client"))).headers.get("x-caller")).toBe("CN=caller");
    await expect(engine(get("good"))).rejects.toMatchObject({ code: "TLS" });
    const lonely = join(folder, `localhost:${ports.get("good")}`);
    await mkdir(lonely);
    await writeFile(join(lonely, "a.cert"), "");
    await expect(engineOf({ tlsFor: readCertsFolders([folder]) })(get("good"))).rejects.toMatchObject({
      code: "CONFIG",
    });
  });

  it("says so where a certificate that was given is none", async () => {
    await expect(engineOf({ ca: "nonsense", cert: "nonsense", key: "x" })(get("good"))).rejects.toMatchObject(
      { code: "CONFIG" },
    );
  });
});
