import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect, type Server } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { basicAccess, createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import { type TestImage, writeImage } from "./support/image.ts";
import { cleanEnvironment, type Ended, REG_COMMAND, reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

/** A name that no resolver knows: whoever gets an answer for it was sent elsewhere by an option. */
const NOWHERE = "registry.test";

const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
let image: TestImage;

beforeAll(async () => {
  const registry = createRegistry({ storage: memoryStorage() });
  listener = await serve(registry, { hosts: ["localhost", "127.0.0.1", NOWHERE] });
  host = `localhost:${listener.port}`;
  image = writeImage(join(cwd, "image"), "1.0");
  expect((await reg(["push", "-q", "oci:image:1.0", `${host}/demo/app:1.0`], { cwd })).code).toBe(0);
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

function expectDigest(ended: Ended): void {
  expect(ended.stderr).toBe("");
  expect(ended).toMatchObject({ code: 0, stdout: `${image.digest}\n` });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe("addresses", () => {
  test("--family 4 reaches a registry that has no IPv6, --family 6 says that it cannot", async () => {
    expectDigest(await reg(["digest", `${host}/demo/app:1.0`, "--family", "4"], { cwd }));
    const six = await reg(["digest", `${host}/demo/app:1.0`, "--family", "6"], { cwd });
    expect(six).toMatchObject({ code: 5, stdout: "", stderr: expect.stringMatching(/^reg: .*localhost/) });
  });

  test("--resolve connects where it says, under the name that was asked for", async () => {
    const pin = ["--resolve", `${NOWHERE}:${listener.port}:127.0.0.1`];
    const ref = `${NOWHERE}:${listener.port}/demo/app:1.0`;
    expectDigest(await reg(["digest", ref, "--plain-http", ...pin], { cwd }));
  });
});

describe("a proxy", () => {
  const seen: string[] = [];
  /** Sends everything to the registry, wherever it was to go, and keeps where that was. */
  const proxy = createServer((asked, answer) => {
    seen.push(asked.url ?? "");
    const { pathname, search } = new URL(asked.url ?? "");
    const { method, headers } = asked;
    const onward = httpRequest(
      { port: listener.port, method, headers, path: pathname + search },
      (response) => {
        answer.writeHead(response.statusCode ?? 0, response.headers);
        response.pipe(answer);
      },
    );
    asked.pipe(onward);
  });
  proxy.on("connect", ({ url }, socket) => {
    seen.push(url ?? "");
    const onward = connect(listener.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  let url: string;

  beforeAll(async () => {
    url = `http://127.0.0.1:${await listen(proxy)}`;
  });
  afterAll(() => proxy.close());

  test("--proxy is gone through", async () => {
    const words = ["digest", `${NOWHERE}/demo/app:1.0`, "--plain-http", "--proxy", url];
    expectDigest(await reg(words, { cwd }));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((where) => !where.includes(NOWHERE))).toEqual([]);
  });

  test("so is one in the environment, and --proxy goes before it", async () => {
    const words = ["digest", `${NOWHERE}/demo/app:1.0`, "--plain-http"];
    expectDigest(await reg(words, { cwd, env: { HTTP_PROXY: url } }));
    const env = { HTTP_PROXY: "http://127.0.0.1:1" };
    expectDigest(await reg([...words, "--proxy", url], { cwd, env }));
    const dead = await reg(words, { cwd, env });
    expect(dead).toMatchObject({ code: 5, stderr: expect.stringMatching(/proxy/) });
  });
});

describe.runIf(hasPrograms("openssl"))("a registry whose certificate nobody else knows", () => {
  let front: Server;
  let name: string;
  let authority: string;

  beforeAll(async () => {
    const subject = ["-subj", `/CN=${NOWHERE}`, "-addext", `subjectAltName=DNS:${NOWHERE},DNS:localhost`];
    const files = ["-keyout", join(cwd, "key.pem"), "-out", join(cwd, "cert.pem")];
    await run(
      "openssl",
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", ...subject, ...files],
    );
    authority = join(cwd, "cert.pem");
    const [key, cert] = await Promise.all([read("key.pem"), read("cert.pem")]);
    front = createTlsServer({ key, cert }, (socket) => {
      const onward = connect(listener.port, "127.0.0.1");
      socket.pipe(onward).pipe(socket);
      for (const each of [socket, onward])
        each.on("error", () => [socket, onward].map((one) => one.destroy()));
    });
    name = `${NOWHERE}:${await listen(front)}`;
  });
  afterAll(() => front.close());

  const digest = (words: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
    reg(["digest", `${name}/demo/app:1.0`, "--resolve", `${name}:127.0.0.1`, ...words], { cwd, env });

  test("may be that of `reg serve`", async () => {
    const [node = "", ...before] = REG_COMMAND;
    const words = ["--addr", "127.0.0.1:0", "--json", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    const child = spawn(node, [...before, "serve", ...words], { cwd, env: cleanEnvironment(cwd) });
    try {
      const [printed] = await once(child.stdout, "data");
      const { url, port } = JSON.parse(String(printed));
      expect(url).toBe(`https://127.0.0.1:${port}`);
      const options = ["--https", "--ca", authority];
      const there = `localhost:${port}/demo/app:1.0`;
      expect((await reg(["push", "-q", "oci:image:1.0", there, ...options], { cwd })).code).toBe(0);
      expectDigest(await reg(["digest", there, ...options], { cwd }));
      expect((await reg(["digest", there, "--https"], { cwd })).code).toBe(5);
    } finally {
      child.kill();
    }
    const wrong = await reg(
      ["serve", "--addr", "127.0.0.1:0", "--tls-cert", "key.pem", "--tls-key", "key.pem"],
      { cwd },
    );
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--tls-cert") });
    expect((await reg(["serve", "--tls-cert", "cert.pem"], { cwd })).code).toBe(2);
  });

  test("is refused, and the message says how to trust it", async () => {
    const ended = await digest([]);
    expect(ended).toMatchObject({ code: 5, stdout: "", stderr: expect.stringMatching(/--ca FILE|ca:/) });
  });

  test("is trusted with --ca, and with --insecure", async () => {
    expectDigest(await digest(["--ca", authority]));
    expectDigest(await digest(["--insecure"]));
  });

  test("--https reaches it on loopback, where plain http is what is spoken otherwise", async () => {
    const ref = `localhost:${name.split(":")[1]}/demo/app:1.0`;
    expectDigest(await reg(["digest", ref, "--https", "--ca", authority], { cwd }));
    expect((await reg(["digest", ref, "--https", "--plain-http"], { cwd })).code).toBe(2);
  });

  test("is trusted where a certs.d folder has its certificate", async () => {
    const folder = join(cwd, "home/.config/containers/certs.d", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "ca.crt"), await read("cert.pem"));
    expectDigest(await digest([], { HOME: join(cwd, "home") }));
  });
});

describe("mirrors", () => {
  test("--hosts-dir: a hosts.toml as containerd has it", async () => {
    mkdirSync(join(cwd, "hosts.d", NOWHERE), { recursive: true });
    writeFileSync(
      join(cwd, "hosts.d", NOWHERE, "hosts.toml"),
      `server = "https://${NOWHERE}"\n[host."http://${host}"]\ncapabilities = ["pull", "resolve"]\n`,
    );
    const words = ["digest", `${NOWHERE}/demo/app:1.0`];
    expectDigest(await reg([...words, "--hosts-dir", "hosts.d"], { cwd }));
    expect((await reg(words, { cwd })).code).toBe(5);
  });

  test("--registries-conf: mirrors and blocked registries as podman has them", async () => {
    const conf = [
      "[[registry]]",
      `location = "${NOWHERE}"`,
      "[[registry.mirror]]",
      `location = "${host}"`,
      "insecure = true",
      "[[registry]]",
      'location = "blocked.test"',
      "blocked = true",
    ];
    writeFileSync(join(cwd, "registries.conf"), `${conf.join("\n")}\n`);
    const words = ["--registries-conf", "registries.conf"];
    expectDigest(await reg(["digest", `${NOWHERE}/demo/app:1.0`, ...words], { cwd }));
    const blocked = await reg(["digest", "blocked.test/demo/app:1.0", ...words], { cwd });
    expect(blocked).toMatchObject({ code: 7, stderr: expect.stringMatching(/blocked/) });
  });

  test("--registries-conf: credential helpers are asked in its order, and keep what login is given", async () => {
    const access = basicAccess({ users: { ada: "love:lace" } });
    await using guarded = await serve(createRegistry({ storage: memoryStorage(), access }));
    const registry = `localhost:${guarded.port}`;
    const bin = join(cwd, "bin");
    mkdirSync(bin, { recursive: true });
    writeHelper(join(bin, "docker-credential-empty"), join(bin, "nothing.json"));
    writeHelper(join(bin, "docker-credential-kept"), join(bin, "kept.json"));
    const conf = join(cwd, "helpers.conf");
    const options = { cwd, env: { PATH: `${bin}:${process.env["PATH"]}` } };
    const words = ["--registries-conf", conf];
    writeFileSync(conf, 'credential-helpers = ["kept", "containers-auth.json"]\n');
    const login = ["login", registry, "-u", "ada", "--password-stdin", ...words];
    expect((await reg(login, { ...options, stdin: "love:lace\n" })).code).toBe(0);
    expect(await run("cat", join(bin, "kept.json"))).toContain("love:lace");
    writeFileSync(conf, 'credential-helpers = ["empty", "kept"]\n');
    expect((await reg(["catalog", registry, ...words], options)).code).toBe(0);
    const got = await reg(["auth", "get", registry, "--json", ...words], options);
    expect(JSON.parse(got.stdout)).toMatchObject({ username: "ada", source: "docker-credential-kept" });
    writeFileSync(conf, 'credential-helpers = ["containers-auth.json"]\n');
    expect((await reg(["catalog", registry, ...words], options)).code).toBe(4);
    writeFileSync(conf, 'credential-helpers = ["../evil"]\n');
    expect((await reg(["catalog", registry, ...words], options)).code).toBe(2);
  });

  test("both at once say two things about the same, and are refused", async () => {
    const words = ["--registries-conf", "registries.conf", "--hosts-dir", "hosts.d"];
    expect((await reg(["ping", host, ...words], { cwd })).code).toBe(2);
  });
});

/** A credential helper that keeps one entry, in a file of its own. */
function writeHelper(path: string, file: string): void {
  const script = [
    "#!/bin/sh",
    `case "$1" in`,
    `  store) cat > '${file}' ;;`,
    `  get) cat > /dev/null; if [ -f '${file}' ]; then cat '${file}'; else echo 'credentials not found in native keychain'; exit 1; fi ;;`,
    `  erase) cat > /dev/null; rm -f '${file}' ;;`,
    "esac",
  ];
  writeFileSync(path, `${script.join("\n")}\n`, { mode: 0o755 });
}

async function read(name: string): Promise<string> {
  return run("cat", join(cwd, name));
}
