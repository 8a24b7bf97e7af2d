import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestImage, writeImage, writeIndexImage } from "./support/image.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
let app: string;
let single: TestImage;
let index: TestImage;

beforeAll(async () => {
  listener = await serve(createRegistry({ storage: memoryStorage() }));
  host = `localhost:${listener.port}`;
  app = `${host}/demo/app`;
  single = writeImage(join(cwd, "single"), "1.0");
  index = writeIndexImage(join(cwd, "index"), "1.0");
  expect((await reg(["push", "-q", "oci:single:1.0", `${app}:1.0`, "-t", "1.1"], { cwd })).code).toBe(0);
  expect((await reg(["push", "-q", "oci:index:1.0", `${app}:multi`], { cwd })).code).toBe(0);
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

/** Runs with --json and gives back the one object that came, after checking that nothing else did. */
async function json(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await reg([...words, "--json"], { cwd });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(stdout);
}

describe("the shapes of --json", () => {
  test("ref parse: one object a line, absent parts null, and what is wrong with its offset", async () => {
    const words = ["ref", "parse", "--json", "-", `localhost:5000/a@${single.digest}`];
    const { code, stdout, stderr } = await reg(words, { cwd, stdin: "alpine:3\nUbuntu\n" });
    expect(stderr).toBe("");
    expect(code).toBe(2);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        input: "alpine:3",
        ok: true,
        domain: "docker.io",
        path: "library/alpine",
        tag: "3",
        digest: null,
        canonical: "docker.io/library/alpine:3",
        familiar: "alpine:3",
      },
      { input: "Ubuntu", ok: false, code: "NAME_UPPERCASE", offset: 0, message: expect.any(String) },
      {
        input: `localhost:5000/a@${single.digest}`,
        ok: true,
        domain: "localhost:5000",
        path: "a",
        tag: null,
        digest: single.digest,
        canonical: `localhost:5000/a@${single.digest}`,
        familiar: `localhost:5000/a@${single.digest}`,
      },
    ]);
  });

  test("digest", async () => {
    expect(await json("digest", `${app}:1.1`)).toEqual({
      reference: `${app}:1.1`,
      digest: single.digest,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: single.manifest.length,
    });
  });

  test("tags, with and without digests", async () => {
    expect(await json("tags", app)).toEqual({ repository: app, tags: ["1.0", "1.1", "multi"] });
    expect(
      await json("tags", app, "--match", "1.*", "--order", "semver", "--reverse", "--limit", "1"),
    ).toEqual({
      repository: app,
      tags: ["1.1"],
    });
    expect(await json("tags", app, "--semver", ">1.0")).toEqual({ repository: app, tags: ["1.1"] });
    expect(
      await json("tags", app, "--match", "1.*", "--order", "created", "--with-created", "--limit", "1"),
    ).toEqual({
      repository: app,
      tags: [
        {
          tag: "1.0",
          created: "2024-05-06T07:08:09Z",
          digest: DIGEST,
          mediaType: expect.any(String),
          size: expect.any(Number),
        },
      ],
    });
    const bytesOf = async (...words: string[]): Promise<unknown> => {
      const listed = await json("tags", app, "--match", "multi", "--with-sizes", ...words);
      const { tags } = listed as { tags: { bytes: unknown; created?: unknown }[] };
      return tags.map(({ bytes, created }) => [bytes, created]);
    };
    const sizeOf = async (platform: string): Promise<unknown> =>
      Object(await json("inspect", `${app}:multi`, "--platform", platform)).size;
    expect(await bytesOf()).toEqual([[await sizeOf("linux/amd64"), undefined]]);
    expect(await bytesOf("--platform", "linux/arm64", "--with-created")).toEqual([
      [await sizeOf("linux/arm64"), "2024-05-06T07:08:09Z"],
    ]);
    expect(await bytesOf("--platform", "linux/s390x")).toEqual([[null, undefined]]);
    expect(await json("tags", app, "--with-digests", "--limit", "1")).toEqual({
      repository: app,
      tags: [
        {
          tag: "1.0",
          digest: single.digest,
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          size: single.manifest.length,
        },
      ],
    });
  });

  test("inspect, of one image and of one for several platforms", async () => {
    expect(await json("inspect", `${app}:1.0`)).toEqual({
      reference: `${app}:1.0`,
      digest: single.digest,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: expect.any(Number),
      platform: "linux/amd64",
      created: "2024-05-06T07:08:09Z",
      labels: { team: "a", evil: "\u001b[31mred\u202etxt" },
      layers: [{ digest: DIGEST, mediaType: "application/vnd.oci.image.layer.v1.tar", size: 8 }],
      platforms: ["linux/amd64"],
      history: expect.any(Array),
      totalSize: expect.any(Number),
      platformSizes: [{ platform: "linux/amd64", size: expect.any(Number) }],
    });
    expect(await json("inspect", "--platform", "linux/arm64", `${app}:multi`)).toMatchObject({
      digest: index.digest,
      mediaType: "application/vnd.oci.image.index.v1+json",
      platform: expect.stringMatching(/^linux\/arm64/),
      platforms: ["linux/amd64", expect.stringMatching(/^linux\/arm64/)],
      totalSize: null,
      platformSizes: null,
    });
    const sized = Object(await json("inspect", "--sizes", `${app}:multi`));
    expect(sized.platformSizes).toEqual([
      { platform: "linux/amd64", size: sized.size },
      { platform: expect.stringMatching(/^linux\/arm64/), size: expect.any(Number) },
    ]);
    expect(sized.totalSize).toBeGreaterThan(sized.size);
  });

  test("capabilities: what reading tells of a registry, and the snapshot a client takes", async () => {
    const place = { status: 200, origin: `http://${host}`, unanswered: [] };
    expect(await json("capabilities", host)).toMatchObject({
      ...place,
      registry: host,
      repository: null,
      capabilities: { catalog: true, headManifest: null, referrers: null, chunkedUpload: null },
      snapshot: { [host]: { catalog: { supported: true, learntAt: expect.any(Number) } } },
    });
    expect(await json("capabilities", `${app}:1.0`)).toMatchObject({
      ...place,
      repository: "demo/app",
      capabilities: { catalog: true, headManifest: true, referrers: true, tagDelete: null },
      snapshot: { [app]: { referrers: { supported: true } } },
    });
    const missing = Object(await json("capabilities", `${app}:nope`));
    expect(missing.unanswered).toMatchObject([{ question: "manifest", code: "NOT_FOUND" }]);
  });

  test("manifest get and head of a version that is known already", async () => {
    for (const words of [["manifest"], ["manifest", "get"], ["manifest", "head"]]) {
      const polled = [...words, `${app}:1.0`, "--if-none-match"];
      expect(await json(...polled, single.digest)).toEqual({ reference: `${app}:1.0`, modified: false });
      const { etag, modified, digest } = Object(await json(...polled, index.digest));
      expect([modified, digest]).toEqual([true, single.digest]);
      expect(await json(...polled, etag)).toMatchObject({ modified: false });
    }
  });

  test("pull, copy and verify", async () => {
    expect(await json("pull", `${app}:multi`, "oci:pulled")).toEqual({
      source: `${app}:multi`,
      target: "oci:pulled:multi",
      digest: index.digest,
      mediaType: "application/vnd.oci.image.index.v1+json",
      size: index.manifest.length,
      bytes: expect.any(Number),
      copied: 8,
      mounted: 0,
      skipped: 0,
      tags: ["multi"],
    });
    expect(await json("copy", `${app}:1.0`, `${host}/copied/app:1`)).toMatchObject({ mounted: 2, copied: 1 });
    expect(await json("verify", "oci:pulled")).toMatchObject({ ok: true, checked: 8, faults: [] });
  });

  test("manifest and config, beside the bytes that come without --json", async () => {
    const manifest = await reg(["manifest", `${app}:1.0`], { cwd });
    expect(manifest.stdout).toBe(single.manifest.toString());
    const config = await reg(["config", `${app}:1.0`], { cwd });
    expect(config.stdout).toBe(single.config.toString());
    expect(await json("manifest", `${app}:1.0`)).toMatchObject({
      digest: single.digest,
      manifest: JSON.parse(single.manifest.toString()),
    });
    expect(await json("config", `${app}:1.0`)).toMatchObject({
      config: JSON.parse(single.config.toString()),
    });
  });

  test("ping, catalog, search, exists, created, referrers and ratelimit", async () => {
    expect(await json("ping", host)).toMatchObject({ registry: host, origin: `http://${host}`, status: 200 });
    expect(await json("catalog", host)).toMatchObject({
      registry: host,
      repositories: expect.arrayContaining(["demo/app"]),
    });
    expect(await json("search", host, "mo/ap")).toMatchObject({ repositories: ["demo/app"] });
    expect(await json("exists", `${app}:1.0`)).toEqual({ reference: `${app}:1.0`, exists: true });
    expect(await json("created", `${app}:1.0`)).toEqual({
      reference: `${app}:1.0`,
      created: "2024-05-06T07:08:09Z",
    });
    expect(await json("referrers", `${app}:1.0`)).toEqual({ reference: `${app}:1.0`, referrers: [] });
    expect(await json("ratelimit", `${app}:1.0`)).toMatchObject({ limit: null, remaining: null });
  });

  test("blob put, head and get; the file is there when it is right", async () => {
    writeFileSync(join(cwd, "hello.txt"), "hello\n");
    const digest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    expect(await json("blob", "put", app, "hello.txt")).toEqual({ repository: app, digest, size: 6 });
    expect(await json("blob", "head", `${app}@${digest}`)).toEqual({ repository: app, digest, size: 6 });
    expect(await json("blob", "get", `${app}@${digest}`, "-o", "got.txt")).toMatchObject({
      size: 6,
      file: "got.txt",
    });
    expect(readFileSync(join(cwd, "got.txt"), "utf8")).toBe("hello\n");
    expect((await reg(["blob", "get", `${app}@${digest}`], { cwd })).stdout).toBe("hello\n");
  });

  test("tag, untag and delete", async () => {
    const repository = `${host}/tagged/app`;
    await json("copy", `${app}:1.0`, `${repository}:a`);
    expect(await json("tag", `${repository}:a`, "b", "c")).toMatchObject({
      digest: single.digest,
      tags: ["b", "c"],
    });
    expect(await json("untag", `${repository}:b`)).toEqual({ repository, untagged: "b" });
    expect(await json("tags", repository)).toEqual({ repository, tags: ["a", "c"] });
    expect(await json("delete", `${repository}:a`)).toEqual({ repository, deleted: single.digest });
    expect((await reg(["exists", `${repository}:c`, "--json"], { cwd })).code).toBe(3);
  });

  test("manifest get, put, head and delete, and blob delete", async () => {
    await json("manifest", "get", `${app}:1.0`, "-o", "manifest.json");
    expect(readFileSync(join(cwd, "manifest.json")).equals(single.manifest)).toBe(true);
    const repository = `${host}/put/app`;
    await json("copy", `${app}:1.0`, `${repository}:a`);
    expect(await json("manifest", "put", `${repository}:b`, "manifest.json")).toEqual({
      reference: `${repository}:b`,
      digest: single.digest,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: single.manifest.length,
      tags: ["b"],
    });
    expect(await json("manifest", "head", `${repository}:b`)).toMatchObject({ digest: single.digest });
    expect(await json("manifest", "delete", `${repository}@${single.digest}`)).toEqual({
      repository,
      deleted: single.digest,
    });
    const { digest } = JSON.parse(single.manifest.toString()).layers[0];
    expect(await json("blob", "delete", `${repository}@${digest}`)).toEqual({ repository, deleted: digest });
    expect((await reg(["blob", "head", `${repository}@${digest}`], { cwd })).code).toBe(3);
  });

  test("artifact push, attach, discover and pull", async () => {
    writeFileSync(join(cwd, "chart.txt"), "a chart\n");
    const pushed = await json("artifact", "push", `${host}/charts/app:1`, "chart.txt:text/plain");
    expect(pushed).toMatchObject({ digest: DIGEST, files: ["chart.txt"] });
    const attached = await json(
      ...["artifact", "attach", `${app}:1.0`, "chart.txt", "--artifact-type", "application/vnd.test"],
    );
    expect(attached).toMatchObject({ subject: `${app}:1.0`, artifactType: "application/vnd.test" });
    expect(await json("artifact", "discover", `${app}:1.0`)).toMatchObject({
      digest: single.digest,
      referrers: [{ artifactType: "application/vnd.test", referrers: [] }],
    });
    expect(await json("artifact", "pull", `${host}/charts/app:1`, "charts")).toMatchObject({
      dir: "charts",
      files: [{ name: "chart.txt", size: 8 }],
    });
    expect(readFileSync(join(cwd, "charts/chart.txt"), "utf8")).toBe("a chart\n");
    const again = await reg(["artifact", "pull", "-q", `${host}/charts/app:1`, "charts"], { cwd });
    expect(again.code).toBe(7);
  });

  test("login, auth get and logout", async () => {
    const login = await reg(["login", host, "-u", "ada", "--password-stdin", "--json"], {
      cwd,
      stdin: "canary\n",
    });
    expect(JSON.parse(login.stdout)).toEqual({ registry: host, username: "ada" });
    expect(await json("auth", "get", app)).toEqual({
      registry: host,
      repository: "demo/app",
      type: "password",
      username: "ada",
      source: expect.any(String),
    });
    expect(await json("auth", "get", app, "--reveal")).toMatchObject({ secret: "canary" });
    const explained = await reg(["auth", "explain", app, "--json"], { cwd });
    expect(explained.stdout + explained.stderr).not.toContain("canary");
    expect(JSON.parse(explained.stdout)).toMatchObject({ registry: host, allowed: true });
    expect(await json("logout", host)).toEqual({ registry: host, removed: true });
    expect((await reg(["auth", "get", app], { cwd })).code).toBe(3);
  });

  test("api, with status and headers", async () => {
    expect(await json("api", "GET", `${host}/v2/demo/app/tags/list`)).toEqual({
      status: 200,
      headers: expect.objectContaining({ "content-type": [expect.stringContaining("json")] }),
      body: { name: "demo/app", tags: ["1.0", "1.1", "multi"] },
    });
    expect((await reg(["api", "GET", `${host}/v2/no/such/tags/list`], { cwd })).code).toBe(3);
  });

  test("a plan says what would be moved, and nothing is made", async () => {
    const plan = await json("pull", `${app}:1.0`, "oci:planned", "--dry-run");
    expect(plan).toMatchObject({ version: 1, nodes: expect.any(Array), bytes: expect.any(Number) });
    expect((await reg(["verify", "oci:planned:1.0"], { cwd })).code).toBe(3);
  });

  test("ref lint finds what is wrong in a Dockerfile", async () => {
    mkdirSync(join(cwd, "lint"));
    writeFileSync(join(cwd, "lint/Dockerfile"), "FROM Alpine:3\n");
    const { code, stdout } = await reg(["ref", "lint", "lint/Dockerfile"], { cwd });
    expect(stdout).toContain("lint/Dockerfile:1:6: error");
    expect(code).toBe(1);
  });
});

describe("for people", () => {
  test("what a server says cannot reach the terminal as a control character", async () => {
    const { stdout } = await reg(["inspect", `${app}:1.0`], { cwd });
    expect(stdout).toContain("evil=\\x1b[31mred\\u202etxt");
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
