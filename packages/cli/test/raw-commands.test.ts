import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@reg/sdk";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeImage } from "./support/image.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
const lines: string[] = [];
let listener: RegistryListener;
let app: string;
/** Chunks of an upload that are answered before the rest is refused. */
let chunksLeft = Number.POSITIVE_INFINITY;
/** Whether it is one of the registries that list neither repositories nor referrers. */
let lists = true;

beforeAll(async () => {
  const registry = createRegistry({ storage: memoryStorage() });
  listener = await serve({
    ...registry,
    handle: async (request) => {
      lines.push(`${request.method} ${request.path}?${request.query.toString()}`);
      if (!lists && /_catalog$|\/referrers\//.test(request.path)) return { status: 404, headers: [] };
      if (request.method === "PATCH") chunksLeft -= 1;
      return chunksLeft < 0 ? { status: 403, headers: [] } : registry.handle(request);
    },
  });
  app = `localhost:${listener.port}/demo/app`;
  writeImage(join(cwd, "single"), "1.0");
  expect((await reg(["push", "-q", "oci:single:1.0", `${app}:1.0`, "-t", "1.1"], { cwd })).code).toBe(0);
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

test("manifest put gives several tags, and leaves alone what is there already where it is told to", async () => {
  const { stdout: etag } = await reg(["digest", `${app}:1.0`], { cwd });
  await reg(["manifest", "get", `${app}:1.0`, "-o", "manifest.json"], { cwd });
  const put = (...words: string[]): ReturnType<typeof reg> => reg(["manifest", "put", ...words], { cwd });
  const put2 = await put(`${app}:2.0`, "manifest.json", "-t", "2.1", "--no-clobber", "--json");
  expect(JSON.parse(put2.stdout)).toMatchObject({ digest: etag.trim(), tags: ["2.0", "2.1"] });
  const again = await put(`${app}:2.0`, "manifest.json", "--no-clobber");
  expect([again.code, again.stdout]).toEqual([1, ""]);
  expect(again.stderr).toContain("is there already");
  expect((await put(`${app}:2.0`, "manifest.json", "-t", "not a tag")).code).toBe(2);
});

test("manifest put leaves a tag alone that has moved since it was read", async () => {
  const { stdout } = await reg(["digest", `${app}:1.0`], { cwd });
  const digest = stdout.trim();
  await reg(["manifest", "get", `${app}:1.0`, "-o", "read.json"], { cwd });
  const other = JSON.parse(readFileSync(join(cwd, "read.json"), "utf8"));
  writeFileSync(join(cwd, "other.json"), JSON.stringify({ ...other, annotations: { by: "another" } }));
  const put = (...words: string[]): ReturnType<typeof reg> =>
    reg(["manifest", "put", `${app}:moving`, ...words], { cwd });
  expect((await put("read.json", "--if-match", digest)).stderr).toContain("is not there (any more)");
  expect((await put("read.json")).code).toBe(0);
  expect((await put("other.json", "--if-match", digest)).code).toBe(0);
  lines.length = 0;
  const late = await put("read.json", "--if-match", digest);
  expect([late.code, late.stdout]).toEqual([1, ""]);
  expect(late.stderr).toContain("nothing was sent");
  expect(lines.filter((line) => line.startsWith("PUT "))).toEqual([]);
});

test("a manifest that is not modified leaves standard output empty, and no file", async () => {
  const { stdout } = await reg(["digest", `${app}:1.0`], { cwd });
  const poll = ["--if-none-match", stdout.trim()];
  const told = { code: 0, stdout: "", stderr: `${app}:1.0 is not modified\n` };
  expect(await reg(["manifest", "get", `${app}:1.0`, ...poll, "-o", "same.json"], { cwd })).toEqual(told);
  expect(existsSync(join(cwd, "same.json"))).toBe(false);
  expect(await reg(["manifest", "head", `${app}:1.0`, ...poll], { cwd })).toEqual(told);
});

test("capabilities tells what a registry does not do, and changes nothing in it", async () => {
  lines.length = 0;
  lists = false;
  const ended = await reg(["capabilities", `${app}:1.0`], { cwd });
  lists = true;
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(ended.stdout).toMatch(/^catalog +no /m);
  expect(ended.stdout).toMatch(/^referrers +no /m);
  expect(ended.stdout).toMatch(/^headManifest +yes /m);
  expect(ended.stdout).toMatch(/^chunkedUpload +- /m);
  expect(lines.filter((line) => !/^(?:GET|HEAD) /.test(line))).toEqual([]);
});

test("inspect asks for what it shows, and shows it in 80 columns", async () => {
  lines.length = 0;
  const { stdout } = await reg(["inspect", "--sizes", "--history", `${app}:1.0`], { cwd });
  expect(lines).toHaveLength(2);
  expect(stdout).toMatch(/^total {4}\d/m);
  expect(stdout).toMatch(/^history {2}\d+$/m);
  const rows = stdout.split("\n").filter((line) => !line.startsWith("  ") && !line.startsWith("name"));
  expect(rows.filter((line) => [...line].length > 80)).toEqual([]);
});

test("blob get gives a part of a blob, to standard output alone", async () => {
  writeFileSync(join(cwd, "digits"), "0123456789");
  const { stdout } = await reg(["blob", "put", app, "digits"], { cwd });
  const blob = `${app}@${stdout.trim()}`;
  const get = (...words: string[]): ReturnType<typeof reg> => reg(["blob", "get", blob, ...words], { cwd });
  expect(await get("--offset", "3", "--length", "4")).toEqual({ code: 0, stdout: "3456", stderr: "" });
  const kept = await get("--offset", "3", "-o", "part");
  expect(kept.code).toBe(2);
  expect(existsSync(join(cwd, "part"))).toBe(false);
});

test("blob mount makes a blob another repository's, and says where the registry does not", async () => {
  const digest = digestOf(new TextEncoder().encode("0123456789"));
  const copy = app.replace("demo/app", "demo/copy");
  const mounted = await reg(["blob", "mount", `${app}@${digest}`, copy, "--json"], { cwd });
  expect(JSON.parse(mounted.stdout)).toEqual({ repository: copy, digest, from: app });
  expect((await reg(["blob", "head", `${copy}@${digest}`], { cwd })).code).toBe(0);
  const missing = digestOf(new TextEncoder().encode("missing"));
  const refused = await reg(["blob", "mount", `${app}@${missing}`, copy], { cwd });
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain("the registry does not mount it");
});

test("blob put goes on by its journal where another process left off, and is sent as it is told to be", async () => {
  const bytes = randomBytes(300_000);
  writeFileSync(join(cwd, "large"), bytes);
  const words = ["blob", "put", app, "large", "--strategy", "chunked", "--journal", "large.journal"];
  const env = { REG_CHUNK_SIZE: "100000" };
  chunksLeft = 2;
  const first = await reg(words, { cwd, env });
  chunksLeft = Number.POSITIVE_INFINITY;
  expect(first.code).toBe(4);
  const journal = JSON.parse(readFileSync(join(cwd, "large.journal"), "utf8"));
  expect(journal).toMatchObject({ version: 1, repository: "demo/app", offset: 200_000 });
  expect(statSync(join(cwd, "large.journal")).mode & 0o777).toBe(0o600);

  const other = await reg(["blob", "put", `${app}2`, "large", "--journal", "large.journal"], { cwd, env });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("is the journal of an upload to");

  lines.length = 0;
  const second = await reg(words, { cwd, env });
  expect([second.code, second.stdout]).toEqual([0, `${digestOf(bytes)}\n`]);
  expect(lines.filter((line) => line.startsWith("PATCH "))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith("POST "))).toEqual([]);
  expect(existsSync(join(cwd, "large.journal"))).toBe(false);
});

test("listings begin behind a name, and ask for pages of a length", async () => {
  lines.length = 0;
  const { stdout } = await reg(["tags", app, "--after", "1.0", "--page-size", "1", "--limit", "1"], { cwd });
  expect(stdout).toBe("1.1\n");
  expect(lines.at(-1)).toBe("GET /v2/demo/app/tags/list?n=1&last=1.0");
  const host = app.slice(0, app.indexOf("/"));
  const catalog = await reg(["catalog", host, "--after", "demo/app", "--page-size", "5"], { cwd });
  expect(catalog.stdout).toBe("demo/copy\n");
});

test("referrers are chosen by their annotations, too", async () => {
  const attach = ["artifact", "attach", "-q", `${app}:1.0`, "digits", "--artifact-type", "application/vnd.x"];
  for (const team of ["a", "b"]) await reg([...attach, "--annotation", `team=${team}`], { cwd });
  const { stdout } = await reg(["referrers", `${app}:1.0`, "--annotation", "team=b", "--json"], { cwd });
  expect(JSON.parse(stdout).referrers).toMatchObject([{ annotations: { team: "b" } }]);
});
