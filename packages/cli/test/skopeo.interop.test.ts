import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import { type TestImage, writeImage, writeIndexImage } from "./support/image.ts";
import { type Ended, reg } from "./support/reg.ts";
import {
  PASSWORD,
  type RunningRegistry,
  startDistribution,
  startEmbedded,
  USER,
} from "./support/registries.ts";
import { scratchFolder } from "./support/scratch.ts";

const KINDS = [
  { name: "docker-registry", programs: ["docker-registry", "skopeo"], guarded: false },
  {
    name: "docker-registry with htpasswd",
    programs: ["docker-registry", "skopeo", "htpasswd"],
    guarded: true,
  },
  { name: "the embedded registry", programs: ["skopeo"], guarded: false },
  { name: "the embedded registry with a password", programs: ["skopeo"], guarded: true },
] as const;

describe.each(KINDS)("$name", ({ name, programs, guarded }) => {
  const scratch = scratchFolder();
  const cwd = scratch.path;
  const runs = hasPrograms(...programs);
  let registry: RunningRegistry;
  let single: TestImage;
  let index: TestImage;

  beforeAll(async () => {
    if (!runs) return;
    const start = name.startsWith("docker-registry") ? startDistribution : startEmbedded;
    registry = await start(join(cwd, "registry"), guarded);
    single = writeImage(join(cwd, "single"), "1.0", [
      Buffer.alloc(300_000, "layer"),
      Buffer.from("second\n"),
    ]);
    index = writeIndexImage(join(cwd, "index"), "1.0");
    if (!guarded) return;
    const words = ["login", registry.host, "--username", USER, "--password-stdin"];
    const login = await reg(words, { cwd, stdin: PASSWORD });
    expect(login.stderr).toBe("");
    expect(login.code).toBe(0);
  });

  afterAll(async () => {
    await registry?.close();
    scratch[Symbol.dispose]();
  });

  async function skopeo(source: string, target: string): Promise<void> {
    const credentials = guarded ? [`${USER}:${PASSWORD}`] : [];
    await run(
      "skopeo",
      "--insecure-policy",
      "copy",
      "--all",
      "--preserve-digests",
      ...credentials.flatMap((pair) =>
        source.startsWith("docker:") ? ["--src-creds", pair] : ["--dest-creds", pair],
      ),
      ...(source.startsWith("docker:") ? ["--src-tls-verify=false"] : ["--dest-tls-verify=false"]),
      source,
      target,
    );
  }

  function done(ended: Ended): void {
    expect(ended.stderr).not.toContain("reg:");
    expect(ended.code).toBe(0);
  }

  test.runIf(runs).each(["single", "index"])(
    "an %s image that skopeo pushed is pulled byte for byte",
    async (kind) => {
      const image = kind === "single" ? single : index;
      const ref = `${registry.host}/from-skopeo/${kind}`;
      await skopeo(`oci:${image.dir}:1.0`, `docker://${ref}:1.0`);
      done(await reg(["pull", `${ref}:1.0`, `oci:pulled-${kind}`], { cwd }));
      expectSameBlobs(image, join(cwd, `pulled-${kind}`));
      const digest = await reg(["digest", `${ref}:1.0`], { cwd });
      expect(digest.stdout.trim()).toBe(image.digest);
      const verified = await reg(["verify", `oci:pulled-${kind}:1.0`], { cwd });
      expect(verified.stdout).toContain("is whole");
    },
  );

  test.runIf(runs).each(["single", "index"])(
    "an %s image that reg pushed is pulled by skopeo byte for byte",
    async (kind) => {
      const image = kind === "single" ? single : index;
      const ref = `${registry.host}/from-reg/${kind}`;
      done(await reg(["push", `oci:${image.dir}:1.0`, `${ref}:1.0`, "-t", "1.1"], { cwd }));
      mkdirSync(join(cwd, `skopeo-${kind}`));
      await skopeo(`docker://${ref}:1.1`, `oci:${join(cwd, `skopeo-${kind}`)}:1.1`);
      expectSameBlobs(image, join(cwd, `skopeo-${kind}`));
      const tags = await reg(["tags", ref, "--order", "name", "--json"], { cwd });
      expect(JSON.parse(tags.stdout)).toEqual({ repository: ref, tags: ["1.0", "1.1"] });
    },
  );

  test.runIf(runs)("a copy to another repository mounts and moves no layer", async () => {
    const ref = `${registry.host}/from-reg/single`;
    const copied = await reg(["copy", `${ref}:1.0`, `${registry.host}/copied/app:1.0`, "--json"], { cwd });
    const { mounted, bytes, digest } = JSON.parse(copied.stdout);
    expect(digest).toBe(single.digest);
    expect(mounted).toBe(3);
    expect(bytes).toBe(single.manifest.length);
  });

  test.runIf(runs)(
    "wrong name, unknown tag and refused login are one clear line each, and leave nothing",
    async () => {
      const before = readdirSync(cwd).sort();
      const { host } = registry;
      const cases: [readonly string[], number][] = [
        [["pull", `${host}/From-Reg/single:1.0`, "oci:nothing"], 2],
        [["pull", `${host}/from-reg/single:9.9`, "oci:nothing"], 3],
        [["pull", `${host}/no/such:1.0`, "oci-archive:nothing.tar"], 3],
        ...(guarded
          ? ([[["login", host, "-u", USER, "--password-stdin"], 4]] as [readonly string[], number][])
          : []),
        ...(guarded
          ? ([
              [["pull", `${host}/from-reg/single:1.0`, "oci:nothing", "-u", USER, "--password-stdin"], 4],
            ] as [readonly string[], number][])
          : []),
      ];
      for (const [words, code] of cases) {
        const ended = await reg(words, { cwd, stdin: "wrong" });
        expect(ended.stderr.trim().split("\n"), words.join(" ")).toHaveLength(1);
        expect(ended.stderr).toMatch(/^reg: /);
        expect(ended.code, ended.stderr).toBe(code);
      }
      expect(readdirSync(cwd).sort()).toEqual(before);
    },
  );

  test.runIf(runs && name === "docker-registry")(
    "a blob that the registry's disk has corrupted is refused",
    async () => {
      const layer = Buffer.alloc(200_000, "to be spoilt");
      const image = writeImage(join(cwd, "spoilt"), "1.0", [layer]);
      const ref = `${registry.host}/spoilt/app`;
      done(await reg(["push", "oci:spoilt:1.0", `${ref}:1.0`], { cwd }));
      const { stdout } = await reg(["manifest", `${ref}:1.0`], { cwd });
      const { digest } = JSON.parse(stdout).layers[0];
      const hex = digest.slice("sha256:".length);
      const file = join(cwd, "registry/data/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
      await run("sh", "-c", `printf X | dd of=${file} bs=1 seek=1000 conv=notrunc status=none`);
      const ended = await reg(["pull", "-q", `${ref}:1.0`, "oci:spoilt-pulled"], { cwd });
      expect(ended.stderr.trim().split("\n")).toHaveLength(1);
      expect(ended.code).toBe(6);
      expect(readdirSync(cwd)).not.toContain("spoilt-pulled");
      const get = await reg(["blob", "get", `${ref}@${digest}`, "-o", "blob.bin", "-q"], { cwd });
      expect(get.code).toBe(6);
      expect(readdirSync(cwd).filter((entry) => entry.includes("blob.bin"))).toEqual([]);
      expect(image.digest).toMatch(/^sha256:/);
    },
  );
});

/** Every blob of the image, and no other, with the very bytes. */
function expectSameBlobs(image: TestImage, dir: string): void {
  const names = readdirSync(join(image.dir, "blobs/sha256")).sort();
  expect(readdirSync(join(dir, "blobs/sha256")).sort()).toEqual(names);
  for (const name of names) {
    const wanted = readFileSync(join(image.dir, "blobs/sha256", name));
    expect(readFileSync(join(dir, "blobs/sha256", name)).equals(wanted), name).toBe(true);
  }
}
