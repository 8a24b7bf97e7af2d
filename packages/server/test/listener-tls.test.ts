import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import { createRegistry, memoryStorage, serve, tokenAccess } from "../src/index.ts";

describe.runIf(hasPrograms("openssl"))("a listener with a certificate", () => {
  let folder = "";
  let cert = "";
  let key = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "reg-server-"));
    const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    await run("openssl", "req", "-x509", ...kind, ...names, ...files);
    cert = await readFile(join(folder, "cert.pem"), "utf8");
    key = await readFile(join(folder, "key.pem"), "utf8");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const get = async (url: string): Promise<{ status: number; challenge: string; body: string }> =>
    new Promise((resolve, reject) => {
      const asked = request(url, { ca: cert }, (answer) => {
        const { statusCode = 0, headers } = answer;
        text(answer).then(
          (body) => resolve({ status: statusCode, challenge: headers["www-authenticate"] ?? "", body }),
          reject,
        );
      });
      asked.once("error", reject);
      asked.end();
    });

  it("speaks https, and sends clients nowhere else", async () => {
    const access = tokenAccess({ users: { ada: "secret" } });
    const registry = createRegistry({ storage: memoryStorage(), access });
    await using listener = await serve(registry, { tls: { cert, key: Buffer.from(key) } });
    expect(listener.url).toBe(`https://127.0.0.1:${listener.port}`);
    const { status, challenge } = await get(`https://localhost:${listener.port}/v2/`);
    expect(status).toBe(401);
    expect(challenge).toContain(`realm="https://localhost:${listener.port}/token"`);
    await expect(fetch(`http://localhost:${listener.port}/v2/`)).rejects.toThrow();
  });

  it("closes while somebody is connected who says nothing", async () => {
    const listener = await serve(createRegistry({ storage: memoryStorage() }), { tls: { cert, key } });
    expect((await get(`${listener.url}/v2/`)).status).toBe(200);
    const silent = connect(listener.port, "127.0.0.1");
    await once(silent, "connect");
    await listener.close();
    await once(silent, "close");
    await expect(get(`${listener.url}/v2/`)).rejects.toThrow();
  });

  it("does not start with a key of something else", async () => {
    const registry = createRegistry({ storage: memoryStorage() });
    await expect(serve(registry, { tls: { cert, key: cert } })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_OSSL/),
    });
  });
});
