import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { createHasher } from "@reg/content";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram, run } from "../../../.config/programs.ts";
import {
  basicAccess,
  createRegistry,
  folderStorage,
  memoryStorage,
  type RegistryListener,
  serve,
  tokenAccess,
} from "../src/index.ts";
import { noise, overHttp, pushImage, startUpload, temporaryFolder } from "./support.ts";

const skopeo = findProgram("skopeo") ?? "";
const umoci = findProgram("umoci") ?? "";
const crane = findProgram("crane") ?? "";
const regctl = findProgram("regctl") ?? "";
const curl = findProgram("curl") ?? "";

describe.each(["memory", "folder"])("with storage in %s", (kind) => {
  const stack = new AsyncDisposableStack();
  let listener: RegistryListener;
  let host: string;
  let root: string;
  let layout: string;

  beforeAll(async () => {
    root = stack.use(await temporaryFolder()).path;
    const data = join(root, "data");
    listener = stack.use(
      await serve(createRegistry({ storage: kind === "memory" ? memoryStorage() : folderStorage(data) })),
    );
    host = `localhost:${listener.port}`;
    layout = join(root, "image");
    if (umoci !== "") {
      await mkdir(join(root, "files"));
      await writeFile(join(root, "files/hello"), noise(2_000_000));
      await run(umoci, "init", "--layout", layout);
      await run(umoci, "new", "--image", `${layout}:1.0`);
      await run(
        umoci,
        "insert",
        "--rootless",
        "--image",
        `${layout}:1.0`,
        join(root, "files/hello"),
        "/hello",
      );
    }
  });
  afterAll(() => stack.disposeAsync());

  test.skipIf(skopeo === "" || umoci === "")(
    "skopeo pushes, mounts, lists, inspects, pulls and deletes",
    async () => {
      const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
      await run(skopeo, "copy", "-q", ...plain, `oci:${layout}:1.0`, `docker://${host}/skopeo/one:1.0`);
      await run(
        skopeo,
        "copy",
        "-q",
        ...plain,
        `docker://${host}/skopeo/one:1.0`,
        `docker://${host}/skopeo/two:2.0`,
      );
      await run(
        skopeo,
        "copy",
        "-q",
        ...plain,
        "--format=v2s2",
        `docker://${host}/skopeo/one:1.0`,
        `docker://${host}/skopeo/docker:1`,
      );
      const digest = await run(
        skopeo,
        "inspect",
        "--tls-verify=false",
        "--format={{.Digest}}",
        `docker://${host}/skopeo/two:2.0`,
      );
      const head = await fetch(`${listener.url}/v2/skopeo/one/manifests/1.0`, { method: "HEAD" });
      expect(digest.trim()).toBe(head.headers.get("docker-content-digest"));
      const docker = await fetch(`${listener.url}/v2/skopeo/docker/manifests/1`, { method: "HEAD" });
      expect(docker.headers.get("content-type")).toBe("application/vnd.docker.distribution.manifest.v2+json");
      const tags: unknown = JSON.parse(
        await run(skopeo, "list-tags", "--tls-verify=false", `docker://${host}/skopeo/two`),
      );
      expect(tags).toMatchObject({ Tags: ["2.0"] });
      const back = join(root, "back");
      await run(skopeo, "copy", "-q", ...plain, `docker://${host}/skopeo/two:2.0`, `oci:${back}:again`);
      expect(await run(umoci, "ls", "--layout", back)).toBe("again\n");
      await run(skopeo, "delete", "--tls-verify=false", `docker://${host}/skopeo/two:2.0`);
      expect((await fetch(`${listener.url}/v2/skopeo/two/manifests/2.0`)).status).toBe(404);
    },
  );

  if (kind === "folder") {
    test.skipIf(skopeo === "" || umoci === "")("skopeo and umoci read the folder itself", async () => {
      await run(
        skopeo,
        "copy",
        "-q",
        "--dest-tls-verify=false",
        `oci:${layout}:1.0`,
        `docker://${host}/disk/image:1.0`,
      );
      const folder = join(root, "data/disk/image");
      expect(await run(umoci, "ls", "--layout", folder)).toBe("1.0\n");
      await run(skopeo, "copy", "-q", `oci:${folder}:1.0`, `oci:${join(root, "copied")}:1.0`);
      await run(umoci, "unpack", "--rootless", "--image", `${folder}:1.0`, join(root, "unpacked"));
      // And what umoci writes there is served.
      await run(umoci, "tag", "--image", `${folder}:1.0`, "by-umoci");
      expect((await fetch(`${listener.url}/v2/disk/image/manifests/by-umoci`)).status).toBe(200);
    });
  }

  test.skipIf(crane === "")("crane copies, mounts, tags, lists, validates and deletes", async () => {
    const send = overHttp(listener.url);
    const image = await pushImage(send, "crane/one", "1.0", `crane ${randomUUID()}`);
    await run(crane, "copy", "--insecure", `${host}/crane/one:1.0`, `${host}/crane/two:2.0`);
    await run(crane, "tag", "--insecure", `${host}/crane/two:2.0`, "more");
    expect(await run(crane, "digest", "--insecure", `${host}/crane/two:more`)).toBe(`${image.digest}\n`);
    expect((await run(crane, "ls", "--insecure", `${host}/crane/two`)).split("\n").filter(Boolean)).toEqual([
      "2.0",
      "more",
    ]);
    expect(await run(crane, "catalog", "--insecure", host)).toContain("crane/two");
    await run(crane, "delete", "--insecure", `${host}/crane/two@${image.digest}`);
    expect(await run(crane, "ls", "--insecure", `${host}/crane/two`)).toBe("");
  });

  test.skipIf(crane === "" || umoci === "")("crane pushes a layout and validates it", async () => {
    await run(crane, "push", "--insecure", layout, `${host}/crane/layout:1.0`);
    expect(await run(crane, "validate", "--insecure", "--remote", `${host}/crane/layout:1.0`)).toContain(
      "PASS",
    );
  });

  test.skipIf(regctl === "")("regctl copies, attaches, lists referrers and deletes a tag alone", async () => {
    const send = overHttp(listener.url);
    const image = await pushImage(send, "regctl/one", "1.0", `regctl ${randomUUID()}`);
    const regctlHere = (...args: string[]): Promise<string> =>
      run(regctl, "--host", `reg=${host},tls=disabled`, ...args);
    await regctlHere("image", "copy", `${host}/regctl/one:1.0`, `${host}/regctl/two:2.0`);
    const sbom = join(root, "sbom.json");
    await writeFile(sbom, "{}");
    await regctlHere(
      "artifact",
      "put",
      "--artifact-type",
      "application/sbom",
      "-f",
      sbom,
      "--subject",
      `${host}/regctl/two:2.0`,
    );
    const list: unknown = JSON.parse(
      await regctlHere("artifact", "list", `${host}/regctl/two:2.0`, "--format", "{{json .}}"),
    );
    expect(list).toMatchObject({ descriptors: [{ artifactType: "application/sbom" }] });
    await regctlHere("tag", "delete", `${host}/regctl/two:2.0`);
    expect(await (await send("/v2/regctl/two/tags/list")).json()).toEqual({ name: "regctl/two", tags: [] });
    expect((await send(`/v2/regctl/two/manifests/${image.digest}`)).status).toBe(200);
  });
});

describe("with a sign-in", () => {
  const users = { ann: "secret" };

  test.skipIf(skopeo === "" || umoci === "").each(["basic", "token"])(
    "skopeo signs in by %s",
    async (kind) => {
      await using folder = await temporaryFolder();
      const access = kind === "basic" ? basicAccess({ users }) : tokenAccess({ users });
      await using listener = await serve(createRegistry({ storage: memoryStorage(), access }));
      const layout = join(folder.path, "image");
      await run(umoci, "init", "--layout", layout);
      await run(umoci, "new", "--image", `${layout}:1`);
      const push = (...credentials: string[]): Promise<string> =>
        run(
          skopeo,
          "copy",
          "-q",
          "--dest-tls-verify=false",
          ...credentials,
          `oci:${layout}:1`,
          `docker://localhost:${listener.port}/a/b:1`,
        );
      await push("--dest-creds=ann:secret");
      await expect(push("--dest-creds=ann:wrong")).rejects.toThrow();
      await expect(push("--dest-no-creds")).rejects.toThrow();
    },
  );
});

describe("a blob of one gibibyte", () => {
  test.skipIf(curl === "")("comes and goes at flat memory", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "big");
    const size = 1024 ** 3;
    const hasher = createHasher();
    const piece = noise(8 * 1024 * 1024);
    const out = createWriteStream(file);
    for (let written = 0; written < size; written += piece.byteLength) {
      hasher.update(piece);
      if (!out.write(piece)) await once(out, "drain");
    }
    out.end();
    await finished(out);
    const digest = hasher.digest();

    await using listener = await serve(createRegistry({ storage: folderStorage(join(folder.path, "data")) }));
    const send = overHttp(listener.url);
    const location = await startUpload(send, "a");
    const rssBefore = process.memoryUsage().rss;
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const pushed = await run(
      curl,
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{speed_upload}",
      "-T",
      file,
      `${listener.url}${location}?digest=${digest}`,
    );
    const pulled = await run(
      curl,
      "-sS",
      "-o",
      join(folder.path, "back"),
      "-w",
      "%{http_code} %{size_download} %{speed_download}",
      `${listener.url}/v2/a/blobs/${digest}`,
    );
    clearInterval(watch);
    expect(pushed).toMatch(/^201 /);
    expect(pulled).toMatch(/^200 1073741824 /);
    // A few buffers, not a part of the blob; the margin is for the collector, which takes its time.
    expect((peak - rssBefore) / 1024 ** 2).toBeLessThan(200);
  });
});
