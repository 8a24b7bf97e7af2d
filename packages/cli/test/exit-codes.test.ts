import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { basicAccess, createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blobFile, type TestImage, writeImage } from "./support/image.ts";
import { type Ended, reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
let open: RegistryListener;
let guarded: RegistryListener;
let image: TestImage;

beforeAll(async () => {
  open = await serve(createRegistry({ storage: memoryStorage() }));
  const access = basicAccess({ users: { ada: "right" } });
  guarded = await serve(createRegistry({ storage: memoryStorage(), access }));
  image = writeImage(join(cwd, "image"), "1.0");
  const pushed = await reg(["push", "oci:image:1.0", `localhost:${open.port}/demo/app:1.0`], { cwd });
  expect(pushed.stderr).toContain("tagged 1.0");
  expect(pushed.code).toBe(0);
});

afterAll(async () => {
  await open.close();
  await guarded.close();
  scratch[Symbol.dispose]();
});

/** One line, no stack, and no file or folder beside the image. */
function expectPlainFailure(ended: Ended, code: number, message: RegExp): void {
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(ended.stderr).toMatch(/^reg: /);
  expect(ended.code).toBe(code);
  expect(ended.stdout).toBe("");
}

function expectNothingLeft(): void {
  expect(readdirSync(cwd).sort()).toEqual(["image"]);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

describe("exit codes", () => {
  test("0: what was asked for is done", async () => {
    const { code, stdout } = await reg(["digest", `localhost:${open.port}/demo/app:1.0`], { cwd });
    expect(stdout).toBe(`${image.digest}\n`);
    expect(code).toBe(0);
  });

  test("1: a failure of no other kind", async () => {
    const { port } = open;
    const ended = await reg(["serve", "--addr", `127.0.0.1:${port}`], { cwd });
    expectPlainFailure(ended, 1, /in use/);
  });

  test("2: a name that is none, found before anything is asked or made", async () => {
    const ended = await reg(["pull", `localhost:${open.port}/Demo/app:1.0`, "oci:out"], { cwd });
    expectPlainFailure(ended, 2, /Demo.*lower|write/);
    expectNothingLeft();
  });

  test("2: an option that does not exist", async () => {
    expectPlainFailure(
      await reg(["pull", "--platfrom", "x", "a", "oci:b"], { cwd }),
      2,
      /did you mean --platform\?/,
    );
  });

  test("3: an unknown tag, and an unknown repository", async () => {
    const tag = await reg(["pull", `localhost:${open.port}/demo/app:9`, "oci:out"], { cwd });
    expectPlainFailure(tag, 3, /demo\/app:9.*reg tags localhost:\d+\/demo\/app/);
    const repository = await reg(["pull", `localhost:${open.port}/no/such:1`, "oci-archive:out.tar"], {
      cwd,
    });
    expectPlainFailure(repository, 3, /no\/such/);
    const tags = await reg(["tags", `localhost:${open.port}/no/such`], { cwd });
    expectPlainFailure(tags, 3, /no\/such.*`reg catalog localhost:\d+`/);
    expect(tags.stderr).not.toContain("reg tags");
    expectNothingLeft();
  });

  test("3: a layout that is not there", async () => {
    const ended = await reg(["push", "oci:missing:1", `localhost:${open.port}/demo/app:2`], { cwd });
    expectPlainFailure(ended, 3, /missing/);
    expectNothingLeft();
  });

  test("4: a login that is refused, and nothing is kept of it", async () => {
    const words = ["login", `localhost:${guarded.port}`, "--username", "ada", "--password-stdin"];
    expectPlainFailure(await reg(words, { cwd, stdin: "wrong\n" }), 4, /refuses these credentials/);
    expectNothingLeft();
    const pull = await reg(["pull", `localhost:${guarded.port}/demo/app:1.0`, "oci:out"], { cwd });
    expectPlainFailure(pull, 4, /reg login/);
    expectNothingLeft();
  });

  test("5: a port where nobody listens", async () => {
    const probe = createServer();
    const port = await listen(probe);
    await new Promise((resolve) => probe.close(resolve));
    const ended = await reg(["pull", `localhost:${port}/demo/app:1.0`, "oci:out"], { cwd });
    expectPlainFailure(ended, 5, /nothing listens/);
    expectNothingLeft();
  });

  test("5: more time than --timeout allows", async () => {
    const deaf = createServer(() => undefined);
    const port = await listen(deaf);
    const ended = await reg(["ping", `localhost:${port}`, "--timeout", "1"], { cwd });
    deaf.close();
    expectPlainFailure(ended, 5, /not done within 1 s/);
  });

  test("6: a blob whose bytes are wrong, and nothing is left of it", async () => {
    const broken = writeImage(join(cwd, "broken"), "1.0", [Buffer.alloc(100_000, "good")]);
    const storage = memoryStorage();
    await using corrupt = await serve(
      createRegistry({ storage, faults: [{ kind: "corrupt", method: "GET", path: "/blobs/" }] }),
    );
    const pushed = await reg(["push", "oci:broken:1.0", `localhost:${corrupt.port}/demo/broken:1.0`], {
      cwd,
    });
    expect(pushed.code).toBe(0);
    const ended = await reg(["pull", "-q", `localhost:${corrupt.port}/demo/broken:1.0`, "oci:out"], { cwd });
    expectPlainFailure(ended, 6, /digest/);
    expect(existsSync(join(cwd, "out"))).toBe(false);
    writeFileSync(blobFile(broken.dir, broken.digest), "other bytes");
    const verified = await reg(["verify", "-q", "oci:broken:1.0"], { cwd });
    expect(verified.stdout).toContain("not whole");
    expect(verified.code).toBe(6);
  });

  test("7: a password that would cross a network unencrypted", async () => {
    const requests: string[] = [];
    const asking = createServer((socket) => {
      socket.once("data", (data) => {
        requests.push(data.toString());
        socket.end(
          'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
        );
      });
    });
    const port = await listen(asking);
    const host = `registry.example:${port}`;
    const pin = ["--resolve", `${host}:127.0.0.1`, "--plain-http"];
    const words = ["ping", host, ...pin, "--username", "ada", "--password-stdin"];
    const ended = await reg(words, { cwd, stdin: "canary" });
    asking.close();
    expectPlainFailure(ended, 7, /not sent to registry\.example/);
    expect(requests.join()).not.toMatch(/authorization/i);
  });
});

describe("failures with --json", () => {
  test("stand on standard error as one object with code, message, status and the registry's errors", async () => {
    const ended = await reg(["digest", `localhost:${open.port}/demo/app:9`, "--json"], { cwd });
    expect(ended.code).toBe(3);
    expect(ended.stdout).toBe("");
    expect(JSON.parse(ended.stderr)).toEqual({
      error: {
        code: "NOT_FOUND",
        message: expect.stringContaining("demo/app:9"),
        status: 404,
        errors: [expect.objectContaining({ code: "MANIFEST_UNKNOWN" })],
      },
    });
  });

  test("wrong usage too, even when --json comes after what is wrong", async () => {
    const ended = await reg(["tags", "--wrong", "--json"], { cwd });
    expect(JSON.parse(ended.stderr)).toEqual({ error: { code: "USAGE", message: expect.any(String) } });
    expect(ended.code).toBe(2);
  });
});
