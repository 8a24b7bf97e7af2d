import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient, openLayout } from "@reg/sdk";
import {
  createRegistry,
  memoryStorage,
  type RegistryListener,
  type RegistryReply,
  type RegistryRequest,
  serve,
} from "@reg/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeImage, writeIndexImage } from "./support/image.ts";
import { cleanEnvironment, REG_COMMAND, reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
/** Answers in place of the registry, where a test wants that. */
let instead: (request: RegistryRequest) => Promise<RegistryReply | undefined>;

const run = (...words: string[]): ReturnType<typeof reg> => reg(["repository", "delete", ...words], { cwd });
const refusal = (status: number, code: string): RegistryReply => ({
  status,
  headers: [["Content-Type", "application/json"]],
  body: Buffer.from(JSON.stringify({ errors: [{ code, message: "no" }] })),
});
/** A registry without a way of its own. */
const plain = async ({ path }: RegistryRequest): Promise<RegistryReply | undefined> =>
  path.startsWith("/acr/") ? { status: 404, headers: [] } : undefined;

beforeAll(async () => {
  const registry = createRegistry({ storage: memoryStorage() });
  listener = await serve({
    ...registry,
    handle: async (request) => (await instead(request)) ?? registry.handle(request),
  });
  host = `localhost:${listener.port}`;
  writeImage(join(cwd, "single"), "1.0");
  writeIndexImage(join(cwd, "index"), "1.0");
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

async function fill(name: string): Promise<string> {
  instead = async () => undefined;
  const repository = `${host}/${name}`;
  await using client = createClient({ authenticator: false });
  for (const [folder, tag] of [
    ["single", "1.0"],
    ["index", "multi"],
  ] as const) {
    await using layout = await openLayout(join(cwd, folder));
    await client.push(layout, "1.0", `${repository}:${tag}`);
  }
  return repository;
}

async function exists(reference: string): Promise<boolean> {
  await using client = createClient({ authenticator: false });
  return (await client.manifests.exists(reference)) === "yes";
}

test("is refused without --yes where nobody can be asked, and says how to look first", async () => {
  const repository = await fill("demo/asked");
  const { code, stderr, stdout } = await run(repository);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe(
    "reg: deleting a repository needs --yes where there is no terminal to ask on; --dry-run shows what would be deleted\n",
  );
  expect(await exists(`${repository}:1.0`)).toBe(true);
});

test("takes a repository, not an image of it", async () => {
  const { code, stderr } = await run(`${host}/demo/image:1.0`, "--yes");
  expect(code).toBe(2);
  expect(stderr).toContain("names an image, not a repository");
});

test("is looked at with --dry-run, and deleted by the registry with --yes", async () => {
  const repository = await fill("demo/app");
  expect(await run(repository, "--dry-run")).toEqual({
    code: 0,
    stdout: `would delete ${repository}: 4 manifests, 2 tags (by the registry, acr)\n`,
    stderr: "",
  });
  expect(await exists(`${repository}:1.0`)).toBe(true);
  const { code, stdout } = await run(repository, "--yes", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    repository,
    way: "acr",
    dryRun: false,
    manifests: [DIGEST, DIGEST, DIGEST, DIGEST],
    tags: ["1.0", "multi"],
    manifestCount: 4,
    tagCount: 2,
    remaining: { manifests: [], tags: [] },
    failures: [],
  });
  const again = await run(repository, "--yes", "--json");
  expect(again.code).toBe(3);
  expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: "NOT_FOUND", status: 404 } });
});

test("is emptied only where that is asked for, which a registry without a way of its own says", async () => {
  const repository = await fill("demo/plain");
  instead = plain;
  const refused = await run(repository, "--yes");
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain("offers no way to delete a repository");
  expect(refused.stderr).toContain("here: --by emptying");
  expect(await exists(`${repository}:1.0`)).toBe(true);

  const { code, stdout, stderr } = await run(repository, "--yes", "--by", "either");
  expect([code, stdout]).toEqual([0, `deleted ${repository}: 4 manifests, 2 tags (one by one)\n`]);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.slice(0, -1)).toEqual(Array(4).fill(expect.stringMatching(/^deleted sha256:/)));
  expect(lines.at(-1)).toContain("garbage collection");
  expect(await exists(`${repository}:multi`)).toBe(false);
});

test("prints what remains where a part is refused, and goes on with it", async () => {
  const repository = await fill("demo/part");
  await using client = createClient({ authenticator: false });
  const manifest = await client.manifests.get(`${repository}:multi`);
  const child = manifest.kind === "index" ? (manifest.document.manifests[0]?.digest ?? "") : "";
  instead = async (request) =>
    request.method === "DELETE" && request.path.endsWith(child) ? refusal(409, "IMMUTABLE") : plain(request);
  const first = await run(repository, "--yes", "--by", "emptying", "--json");
  expect(first.code).toBe(1);
  expect(JSON.parse(first.stdout)).toMatchObject({
    manifestCount: 3,
    tags: ["1.0", "multi"],
    remaining: { manifests: [child], tags: [] },
    failures: [{ reference: child, code: "INVALID", message: expect.any(String) }],
  });
  expect(JSON.parse(first.stderr)).toMatchObject({
    error: { code: "INVALID", status: 409, message: expect.stringContaining("3 of 4 manifests") },
  });
  instead = plain;
  const second = await run(repository, "--yes", "--by", "emptying", "--manifest", child);
  expect([second.code, second.stdout]).toEqual([
    0,
    `deleted ${repository}: 1 manifest, 0 tags (one by one)\n`,
  ]);
});

test("tells how far it had come when it is interrupted", async () => {
  const repository = await fill("demo/stopped");
  let waits = false;
  const asked = new Promise<void>((resolve) => {
    instead = async (request) => {
      if (request.method !== "DELETE") return plain(request);
      if (!waits) {
        waits = true;
        return undefined;
      }
      resolve();
      return new Promise(() => undefined);
    };
  });
  const words = ["repository", "delete", repository, "--yes", "--by", "emptying", "--concurrency", "1"];
  const [node = "", ...before] = REG_COMMAND;
  const child = spawn(node, [...before, ...words], { env: cleanEnvironment(cwd), cwd });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  await asked;
  child.kill("SIGINT");
  await once(child, "close");
  expect(child.exitCode).toBe(130);
  const [summary = "", ...remaining] = stdout.trimEnd().split("\n");
  expect(summary).toBe(`deleted ${repository}: 1 manifest (one by one)`);
  expect(remaining).toEqual(Array(3).fill(expect.stringMatching(/^remains .*@sha256:/)));
});

test("reads one secret from standard input, not two", async () => {
  const { code, stderr } = await run(
    `${host}/demo/app`,
    "--yes",
    "--api-token-stdin",
    "--username",
    "u",
    "--password-stdin",
  );
  expect(code).toBe(2);
  expect(stderr).toContain("standard input holds one secret");
});

test("signs in to an API of the registry's own with the token that it reads", async () => {
  const seen: (string | undefined)[] = [];
  instead = async (request) => {
    if (!request.path.startsWith("/api/v1/repository/")) return plain(request);
    const authorization = request.header("authorization");
    seen.push(authorization);
    if (authorization !== "Bearer oauth") {
      return { status: 401, headers: [], body: Buffer.from('{"error_type":"invalid_token"}') };
    }
    if (request.method === "DELETE") return { status: 204, headers: [] };
    return { status: 200, headers: [], body: Buffer.from('{"namespace":"demo","name":"quay"}') };
  };
  const without = await run(`${host}/demo/quay`, "--yes");
  expect(without.code).toBe(4);
  expect(without.stderr).toContain("here: --api-token-stdin");
  const words = ["repository", "delete", `${host}/demo/quay`, "--yes", "--api-token-stdin"];
  const { code, stdout } = await reg(words, { cwd, stdin: "oauth\n" });
  expect([code, stdout]).toEqual([0, `deleted ${host}/demo/quay (by the registry, quay)\n`]);
  expect(seen).toEqual([undefined, "Bearer oauth", "Bearer oauth"]);
});
