import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestImage, writeImage, writeIndexImage } from "./support/image.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
let app: string;
let image: TestImage;
let signatureTag: string;

beforeAll(async () => {
  listener = await serve(createRegistry({ storage: memoryStorage() }));
  host = `localhost:${listener.port}`;
  app = `${host}/demo/app:1.0`;
  image = writeImage(join(cwd, "image"), "1.0");
  signatureTag = `${image.digest.replace(":", "-")}.sig`;
  writeImage(join(cwd, "signature"), "1.0", [Buffer.from("a signature\n")]);
  writeFileSync(join(cwd, "sbom.json"), "{}");
  await output("push", "-q", "oci:image:1.0", app);
  await output("push", "-q", "oci:signature:1.0", `${host}/demo/app:${signatureTag}`);
  const sbom = await output("artifact", "attach", "-q", app, "sbom.json", "--artifact-type", "test/sbom");
  await output("artifact", "attach", "-q", sbom.trim(), "sbom.json", "--artifact-type", "test/of-the-sbom");
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

async function output(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await reg(words, { cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Types of what is attached, with those of what is attached to that. */
async function attached(ref: string): Promise<unknown> {
  type Tree = { artifactType: string; referrers: Tree[] };
  const types = (trees: Tree[]): unknown => trees.map((tree) => [tree.artifactType, types(tree.referrers)]);
  return types(JSON.parse(await output("artifact", "discover", "--json", ref)).referrers);
}

test("neither referrers nor digest tags go along unasked", async () => {
  await output("copy", "-q", app, `${host}/bare:1.0`);
  expect(await attached(`${host}/bare:1.0`)).toEqual([]);
  expect(await output("tags", `${host}/bare`)).toBe("1.0\n");
});

test("--referrers takes them along, and theirs", async () => {
  await output("copy", "-q", "--referrers", app, `${host}/with-referrers:1.0`);
  expect(await attached(`${host}/with-referrers:1.0`)).toEqual([["test/sbom", [["test/of-the-sbom", []]]]]);
  expect(await output("referrers", `${host}/with-referrers:1.0`)).toMatch(/\ttest\/sbom\t/);
});

test("--digest-tags takes signatures along that are known by a tag", async () => {
  await output("pull", "-q", "--digest-tags", app, "oci:pulled:1.0");
  await output("push", "-q", "--digest-tags", "oci:pulled:1.0", `${host}/with-tags:1.0`);
  const tags = JSON.parse(await output("tags", "--json", `${host}/with-tags`)).tags;
  expect(tags).toEqual(["1.0", signatureTag]);
});

test("artifact discover draws the tree", async () => {
  const lines = (await output("artifact", "discover", app)).trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain(image.digest);
  expect(lines[1]).toMatch(/^└─ test\/sbom/);
  expect(lines[2]).toMatch(/^ {3}└─ test\/of-the-sbom/);
});

test("an image for several platforms and an archive for one: told before anything is moved", async () => {
  writeIndexImage(join(cwd, "index"), "1.0");
  await output("push", "-q", "oci:index:1.0", `${host}/multi:1.0`);
  const pull = ["pull", "-q", `${host}/multi:1.0`, "docker-archive:docker.tar"];
  const ended = await reg(pull, { cwd });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/several platforms.*--platform/) });
  expect(existsSync(join(cwd, "docker.tar"))).toBe(false);
  await output(...pull, "--platform", "linux/arm64");
});
