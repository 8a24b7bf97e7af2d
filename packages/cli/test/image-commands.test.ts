import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../.config/programs.ts";
import { type TestImage, writeImage, writeIndexImage } from "./support/image.ts";
import { type Ended, reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
let base: TestImage;

beforeAll(async () => {
  listener = await serve(createRegistry({ storage: memoryStorage() }));
  host = `localhost:${listener.port}`;
  base = writeImage(join(cwd, "base"), "1.0", [await tarOf("etc/name", "base\n")]);
  await done("push", "-q", "oci:base:1.0", `${host}/base:1.0`);
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

async function tarOf(path: string, text: string): Promise<Buffer> {
  const root = join(cwd, `root-${path.replaceAll("/", "-")}`);
  await run("sh", "-c", `mkdir -p "$(dirname "${root}/${path}")"`);
  writeFileSync(join(root, path), text);
  await run("tar", "-C", root, "-cf", `${root}.tar`, path);
  return readFileSync(`${root}.tar`);
}

async function done(...words: string[]): Promise<Ended> {
  const ended = await reg(words, { cwd });
  expect(ended.stderr).not.toContain("reg:");
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

describe("looking into an image", () => {
  test("ls lists, cat prints and export writes its files", async () => {
    expect((await done("ls", `${host}/base:1.0`, "/etc")).stdout).toMatch(/^-rw.* 5 {2}\/etc\/name\n$/);
    expect((await done("cat", "oci:base:1.0", "/etc/name")).stdout).toBe("base\n");
    await done("export", "-q", `${host}/base:1.0`, "-o", "fs.tar");
    expect(await run("tar", "-xOf", join(cwd, "fs.tar"), "etc/name")).toBe("base\n");
    const missing = await reg(["cat", `${host}/base:1.0`, "/nope"], { cwd });
    expect(missing.code).toBe(3);
  });
});

describe("making images", () => {
  test("append adds a layer, mutate changes the configuration, rebase changes what is below", async () => {
    await tarOf("app/run", "run\n");
    const app = `${host}/app:1`;
    await done("append", "-q", `${host}/base:1.0`, "root-app-run.tar", "--to", app);
    expect((await done("cat", app, "/app/run")).stdout).toBe("run\n");

    await done(
      "mutate",
      "-q",
      app,
      "--label",
      "team=b",
      "--env",
      "A=1",
      "--cmd",
      "x",
      "--cmd",
      "y",
      "--to",
      app,
    );
    const config = JSON.parse((await done("config", app)).stdout);
    expect(config.config).toMatchObject({ Env: ["A=1"], Cmd: ["x", "y"], Labels: { team: "b" } });

    writeImage(join(cwd, "newer"), "2.0", [await tarOf("etc/other", "newer\n")]);
    await done("push", "-q", "oci:newer:2.0", `${host}/base:2.0`);
    const bases = ["--old-base", `${host}/base:1.0`, "--new-base", `${host}/base:2.0`];
    await done("rebase", "-q", app, ...bases, "--to", `${host}/app:2`);
    expect((await done("cat", `${host}/app:2`, "/etc/other")).stdout).toBe("newer\n");
    expect((await done("cat", `${host}/app:2`, "/app/run")).stdout).toBe("run\n");
    expect((await reg(["cat", `${host}/app:2`, "/etc/name"], { cwd })).code).toBe(3);
  });

  test("index puts platforms together, and keeps those that are there with --append", async () => {
    const arm = `${host}/multi:arm64`;
    await done("mutate", "-q", "oci:base:1.0", "--set-platform", "linux/arm64", "--to", arm);
    await done("index", "-q", `${host}/multi:1`, `${host}/base:1.0`);
    await done("index", "-q", "--append", `${host}/multi:1`, arm);
    const { platforms } = JSON.parse((await done("inspect", "--json", `${host}/multi:1`)).stdout);
    expect(platforms).toEqual(["linux/amd64", expect.stringMatching(/^linux\/arm64/)]);
  });

  test("without --to nothing is made, and the line says so", async () => {
    const ended = await reg(["mutate", "oci:base:1.0", "--label", "a=b"], { cwd });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("--to TARGET is missing") });
  });
});

describe("platforms and formats", () => {
  test("one platform, several, or an index that names more than is there", async () => {
    const index = writeIndexImage(join(cwd, "index"), "1.0");
    const arm = JSON.parse(index.manifest.toString()).manifests[1].digest;
    const one = await done("copy", "-q", "--json", "--platform", "linux/arm64", "oci:index:1.0", "oci:one:1");
    expect(JSON.parse(one.stdout).digest).toBe(arm);
    const sparse = ["--platform", "linux/arm64", "--sparse"];
    const cut = await done("copy", "-q", "--json", ...sparse, "oci:index:1.0", "oci:sparse:1");
    expect(JSON.parse(cut.stdout).digest).toBe(index.digest);
    expect((await reg(["verify", "-q", "oci:sparse:1"], { cwd })).code).toBe(6);
    await done("verify", "-q", "--sparse", "oci:sparse:1");
    const repaired = await done("repair", "-q", "oci:sparse:1", "--from", "oci:index:1.0");
    expect(repaired.stdout).toContain("is whole");
    await done("verify", "-q", "oci:sparse:1");
    const both = ["--platform", "linux/arm64,linux/amd64"];
    expect(
      JSON.parse((await done("copy", "--json", ...both, "oci:index:1.0", "oci:both:1")).stdout).copied,
    ).toBe(8);
  });

  test("a docker archive and an OCI archive go there and back with the same digest", async () => {
    await done("copy", "-q", "oci:base:1.0", "oci-archive:base.tar");
    const there = await done("copy", "-q", "--json", "oci-archive:base.tar", `${host}/back:1`);
    expect(JSON.parse(there.stdout).digest).toBe(base.digest);
    await done("pull", "-q", `${host}/back:1`, "docker-archive:docker.tar");
    expect(await run("tar", "-tf", join(cwd, "docker.tar"))).toContain("manifest.json");
    await done("push", "-q", "docker-archive:docker.tar", `${host}/docker:1`);
  });

  test("--format converts, and only then", async () => {
    await done("copy", "-q", "--format", "docker", "oci:base:1.0", `${host}/converted:1`);
    const { mediaType } = JSON.parse((await done("digest", "--json", `${host}/converted:1`)).stdout);
    expect(mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
  });
});

describe("plans", () => {
  test("--dry-run --json is a plan, and --plan does it, wherever the tag has gone meanwhile", async () => {
    const from = `${host}/planned:now`;
    await done("push", "-q", "oci:base:1.0", from);
    const to = `${host}/by-plan:1`;
    const { stdout } = await done("copy", "--dry-run", "--json", from, to);
    expect((await reg(["exists", to], { cwd })).code).toBe(3);
    writeFileSync(join(cwd, "plan.json"), stdout);
    await done("mutate", "-q", from, "--label", "moved=yes", "--to", from);
    const copied = JSON.parse((await done("copy", "--json", "--plan", "plan.json", from, to)).stdout);
    expect(copied).toMatchObject({ digest: base.digest, target: to, mounted: 2, tags: ["1"] });
    expect((await done("digest", to)).stdout).toBe(`${base.digest}\n`);
  });

  test("a plan reaches every kind of place, further tags and other formats too", async () => {
    for (const [words, check] of [
      [["push", "oci:base:1.0", `${host}/by-plan:2`, "-t", "3"], `${host}/by-plan:3`],
      [["pull", `${host}/base:1.0`, "oci:planned-layout"], "oci:planned-layout:1.0"],
      [["pull", `${host}/base:1.0`, "docker-archive:planned.tar"], "docker-archive:planned.tar"],
      [["copy", "--format", "docker", "oci:base:1.0", `${host}/by-plan:docker`], `${host}/by-plan:docker`],
    ] as const) {
      const plan = await done(...words, "--dry-run", "--json");
      writeFileSync(join(cwd, "plan.json"), plan.stdout);
      await done(...words, "-q", "--plan", "plan.json");
      await done("verify", "-q", check);
    }
  });

  test("a plan for another source, another target or with other choices is refused, and nothing is made", async () => {
    const plan = await done("pull", "--dry-run", "--json", `${host}/base:1.0`, "oci:not-made:a");
    writeFileSync(join(cwd, "plan.json"), plan.stdout);
    const pull = ["pull", "--plan", "plan.json"];
    const source = await reg([...pull, `${host}/base:2.0`, "oci:not-made:a"], { cwd });
    expect(source).toMatchObject({ code: 2, stderr: expect.stringMatching(/made for "1\.0".*same SOURCE/) });
    const target = await reg([...pull, `${host}/base:1.0`, "oci:not-made:b"], { cwd });
    expect(target).toMatchObject({ code: 2, stderr: expect.stringMatching(/under a, not under b/) });
    const choice = await reg([...pull, "--sparse", `${host}/base:1.0`, "oci:not-made:a"], { cwd });
    expect(choice).toMatchObject({ code: 2, stderr: expect.stringMatching(/--plan and --sparse/) });
    writeFileSync(join(cwd, "plan.json"), "{}");
    expect((await reg([...pull, `${host}/base:1.0`, "oci:not-made:a"], { cwd })).code).toBe(1);
    expect(existsSync(join(cwd, "not-made"))).toBe(false);
  });

  test("for people it is a line for each piece", async () => {
    const { stdout } = await done("copy", "--dry-run", "oci:base:1.0", `${host}/unmade:1`);
    expect(stdout).toMatch(/^copy +manifest +\d.* sha256:/m);
    expect(stdout).toMatch(/^tag 1\n.* to move\n$/m);
  });
});

describe("sync", () => {
  test("mirrors what the rules say, goes on past what fails, and says so with exit code 1", async () => {
    const rules = [
      "version: 1",
      "rules:",
      `  - { from: ${host}/no/such, to: ${host}/mirror/none, tags: ["*"] }`,
      `  - { from: ${host}/base, to: ${host}/mirror/base, tags: ["1.*"] }`,
    ];
    writeFileSync(join(cwd, "mirror.yaml"), `${rules.join("\n")}\n`);
    const first = await reg(["sync", "mirror.yaml", "--json"], { cwd });
    expect(first.code).toBe(1);
    expect(JSON.parse(first.stdout)).toMatchObject({ copied: 1, failures: [{ from: `${host}/no/such` }] });
    const tags = await done("tags", `${host}/mirror/base`);
    expect(tags.stdout).toBe("1.0\n");
    writeFileSync(join(cwd, "mirror.yaml"), `${[...rules.slice(0, 2), rules[3]].join("\n")}\n`);
    const again = await done("sync", "mirror.yaml", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ copied: 0, unchanged: 1, failed: 0 });
  });

  test("--dry-run tells each tag, and does nothing", async () => {
    const rules = `version: 1\nrules:\n  - { from: ${host}/base, to: ${host}/mirror/dry, tags: ["1.*"] }\n`;
    writeFileSync(join(cwd, "dry.yaml"), rules);
    const { stdout } = await done("sync", "dry.yaml", "--dry-run");
    expect(stdout).toMatch(/^planned \S+\/base:1\.0 -> \S+\/mirror\/dry:1\.0 \(.*\)\nplanned +1\n/);
    expect((await reg(["tags", `${host}/mirror/dry`], { cwd })).code).toBe(3);
  });

  test("--cursor: a run that was stopped goes on, and one that came to its end leaves no file", async () => {
    await done("tag", "-q", `${host}/base:1.0`, "stop-a", "stop-b");
    const rules = `version: 1\nrules:\n  - { from: ${host}/base, to: ${host}/mirror/stop, tags: ["stop-*"] }\n`;
    writeFileSync(join(cwd, "stop.yaml"), rules);
    const id = `copy ${host}/base:stop-a ${host}/mirror/stop:stop-a`;
    writeFileSync(join(cwd, "cursor"), JSON.stringify({ version: 1, done: [id] }));
    const { stdout } = await done("sync", "stop.yaml", "--cursor", "cursor", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ copied: 1, outcomes: [{ step: { tag: "stop-b" } }] });
    expect((await done("tags", `${host}/mirror/stop`)).stdout).toBe("stop-b\n");
    expect(existsSync(join(cwd, "cursor"))).toBe(false);
  });

  test("a file that is no cursor is refused, and kept", async () => {
    writeFileSync(join(cwd, "cursor"), "[]");
    const ended = await reg(["sync", "stop.yaml", "--cursor", "cursor"], { cwd });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/no cursor.*not there yet/) });
    expect(readFileSync(join(cwd, "cursor"), "utf8")).toBe("[]");
  });

  test("rules that are no YAML are wrong usage", async () => {
    writeFileSync(join(cwd, "broken.yaml"), "rules: [\n");
    expect((await reg(["sync", "broken.yaml"], { cwd })).code).toBe(2);
  });
});
