import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copy, digestOf, MEDIA_TYPES } from "@reg/content";
import { openLayout } from "@reg/layout";
import { describe, expect, test } from "vitest";
import { run } from "../../../.config/programs.ts";
import { createRegistry, folderStorage } from "../src/index.ts";
import {
  bytesOf,
  inProcess,
  noise,
  overHttp,
  pushBlob,
  pushDocument,
  pushImage,
  type Send,
  startUpload,
  temporaryFolder,
} from "./support.ts";

const over = (dir: string): Send => inProcess({ storage: folderStorage(dir, { durable: false }) }).send;
const hexOf = (digest: string): string => digest.slice("sha256:".length);

describe("the folder of a repository", () => {
  test("is a layout that other tools read", async () => {
    await using folder = await temporaryFolder();
    const image = await pushImage(over(folder.path), "demo/hello", "1.0", "hello");
    expect(await readFile(join(folder.path, "demo/hello/oci-layout"), "utf8")).toBe(
      '{"imageLayoutVersion":"1.0.0"}',
    );
    await using layout = await openLayout(join(folder.path, "demo/hello"));
    expect(await layout.resolve("1.0")).toMatchObject({
      digest: image.digest,
      mediaType: image.mediaType,
      size: image.size,
    });
    const stream = await layout.fetch(await layout.resolve("1.0"));
    expect(new Uint8Array(await stream.bytes(10_000))).toEqual(image.bytes);
  });

  test("may have been written by other tools, and changed while it is served", async () => {
    await using folder = await temporaryFolder();
    await using other = await temporaryFolder();
    const origin = over(other.path);
    const child = await pushImage(origin, "a", undefined, "child");
    const manifests = [{ mediaType: child.mediaType, digest: child.digest, size: child.size }];
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
    await pushDocument(origin, "a", "multi", index);

    const send = over(folder.path);
    expect((await send("/v2/mirror/tags/list")).status).toBe(404);
    await using source = await openLayout(join(other.path, "a"));
    await using target = await openLayout(join(folder.path, "mirror"), { create: true });
    await copy(source, "multi", target, "copied");
    expect(await (await send("/v2/mirror/tags/list")).json()).toMatchObject({ tags: ["copied"] });
    // A child that is no entry of index.json is a manifest of the repository all the same.
    expect((await send(`/v2/mirror/manifests/${child.digest}`)).status).toBe(200);
    await target.untag("copied");
    expect((await send("/v2/mirror/manifests/copied")).status).toBe(404);
    expect(await (await send("/v2/_catalog")).json()).toEqual({ repositories: ["mirror"] });
  });

  test("shares the bytes of a mounted blob with the one it came from", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    const digest = await pushBlob(send, "one", noise(100_000));
    const response = await send(`/v2/two/blobs/uploads/?mount=${digest}&from=one`, { method: "POST" });
    expect(response.status).toBe(201);
    const [one, two] = await Promise.all(
      ["one", "two"].map((name) => stat(join(folder.path, name, "blobs/sha256", hexOf(digest)))),
    );
    expect([two?.ino, two?.nlink]).toEqual([one?.ino, 2]);
    expect((await send(`/v2/one/blobs/${digest}`, { method: "DELETE" })).status).toBe(202);
    expect((await (await send(`/v2/two/blobs/${digest}`)).arrayBuffer()).byteLength).toBe(100_000);
  });

  test("never meets the folder of another, whatever they are called", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    const names = [
      "a",
      "a/blobs",
      "a/blobs/sha256",
      "a/index.json",
      "a/oci-layout",
      "blobs",
      "index.json",
      "a/b/blobs/c",
    ];
    for (const name of names) await pushImage(send, name, "1", name);
    expect(await (await send("/v2/_catalog")).json()).toEqual({ repositories: names.toSorted() });
    for (const name of names) {
      expect(await (await send(`/v2/${name}/tags/list`)).json()).toEqual({ name, tags: ["1"] });
    }
    expect(await (await over(folder.path)("/v2/_catalog")).json()).toEqual({
      repositories: names.toSorted(),
    });
  });

  test("gives nothing out that is not a file in it", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    await pushImage(send, "a", "1", "x");
    const secret = join(folder.path, "secret");
    await writeFile(secret, "secret");
    const linked = digestOf(bytesOf("secret"));
    const pipe = digestOf(bytesOf("pipe"));
    await symlink(secret, join(folder.path, "a/blobs/sha256", hexOf(linked)));
    await run("mkfifo", join(folder.path, "a/blobs/sha256", hexOf(pipe)));
    for (const digest of [linked, pipe]) expect((await send(`/v2/a/blobs/${digest}`)).status).toBe(404);
    // Pushing it puts the content in the link's place, not behind it.
    await pushBlob(send, "a", bytesOf("secret"));
    expect(await readFile(secret, "utf8")).toBe("secret");
    expect(await (await send(`/v2/a/blobs/${linked}`)).text()).toBe("secret");
  });

  test("gets a spoilt blob replaced when it is pushed again", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    const digest = await pushBlob(send, "a", bytesOf("right"));
    await writeFile(join(folder.path, "a/blobs/sha256", hexOf(digest)), "wrong");
    await pushBlob(send, "a", bytesOf("right"));
    expect(await (await send(`/v2/a/blobs/${digest}`)).text()).toBe("right");
  });

  test("an index that is no index is 500, and is not overwritten", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    await pushImage(send, "a", "1", "x");
    await writeFile(join(folder.path, "a/index.json"), "{");
    expect((await send("/v2/a/manifests/1")).status).toBe(500);
    expect(
      (
        await send("/v2/a/manifests/2", {
          method: "PUT",
          headers: { "content-type": MEDIA_TYPES.ociIndex },
          body: '{"schemaVersion":2,"manifests":[]}',
        })
      ).status,
    ).toBe(500);
    expect(await readFile(join(folder.path, "a/index.json"), "utf8")).toBe("{");
  });
});

describe("referrers", () => {
  test("of a fallback tag that was copied in are found", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    const image = await pushImage(send, "a", "1", "subject");
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    const other = { ...subject, digest: digestOf(bytesOf("another subject")) };
    const refer = async (
      to: typeof subject,
      kind: string,
    ): Promise<{ mediaType: string; digest: string; size: number }> => {
      const document = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [],
        subject: to,
        artifactType: kind,
      };
      const { mediaType, digest, size } = await pushDocument(send, "a", undefined, document);
      return { mediaType, digest, size };
    };
    const good = await refer(subject, "application/good");
    const bad = await refer(other, "application/bad");
    await pushDocument(send, "a", image.digest.replace(":", "-"), {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [good, bad],
    });
    // As a tool that knows tags alone leaves it: the referrers are named by the fallback tag's index and by nothing else.
    await using layout = await openLayout(join(folder.path, "a"));
    const { updateIndex } = await import("@reg/layout");
    await updateIndex(join(folder.path, "a"), (entries) =>
      entries.filter((entry) => entry.digest !== good.digest),
    );
    expect(await layout.exists({ ...good, digest: digestOf(bytesOf("")) })).toBe(false);
    const response = await over(folder.path)(`/v2/a/referrers/${image.digest}`);
    expect(await response.json()).toMatchObject({
      manifests: [{ digest: good.digest, artifactType: "application/good" }],
    });
  });
});

describe("several at once", () => {
  test("two registries of one folder lose nothing of what is pushed to either", async () => {
    await using folder = await temporaryFolder();
    const sends = [over(folder.path), over(folder.path)];
    const tags = Array.from({ length: 20 }, (_, i) => `tag-${String(i).padStart(2, "0")}`);
    await Promise.all(tags.map((tag, i) => pushImage(sends[i % 2] ?? over(folder.path), "a", tag, tag)));
    for (const send of sends) expect(await (await send("/v2/a/tags/list")).json()).toMatchObject({ tags });
  });

  test("the same blob, pushed ten times at once, is there once", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    await Promise.all(Array.from({ length: 10 }, () => pushBlob(send, "a", noise(200_000))));
    expect(await readdir(join(folder.path, "a/blobs/sha256"))).toHaveLength(1);
    expect(await readdir(join(folder.path, "_uploads"))).toEqual([]);
  });
});

describe("a process that is killed", () => {
  test("in the midst of pushes leaves whole blobs, a whole index, and uploads that are cleared away", async () => {
    await using folder = await temporaryFolder();
    for (let round = 0; round < 3; round += 1) {
      await using server = await startServer(folder.path);
      const send = overHttp(server.url);
      const location = await startUpload(send, "a");
      await send(location, { method: "PATCH", body: noise(3_000_000) });
      const pushes = Array.from({ length: 30 }, (_, i) =>
        pushImage(send, "a", `t${round}-${i}`, `${round}-${i}`),
      );
      const outcomes = Promise.allSettled(pushes);
      await Promise.any(pushes);
      server.child.kill("SIGKILL");
      await outcomes;
    }
    const blobs = join(folder.path, "a/blobs/sha256");
    for (const name of await readdir(blobs))
      expect(digestOf(await readFile(join(blobs, name)))).toBe(`sha256:${name}`);
    const send = over(folder.path);
    const { tags } = (await (await send("/v2/a/tags/list")).json()) as { tags: string[] }; // our own answer
    expect(tags.length).toBeGreaterThanOrEqual(3);
    for (const tag of tags) {
      const manifest = await send(`/v2/a/manifests/${tag}`);
      const { layers } = (await manifest.json()) as { layers: { digest: string }[] }; // pushed above
      for (const { digest } of layers)
        expect((await send(`/v2/a/blobs/${digest}`, { method: "HEAD" })).status).toBe(200);
    }

    const uploads = join(folder.path, "_uploads");
    const left = await readdir(uploads);
    expect(left.length).toBeGreaterThanOrEqual(3);
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await Promise.all(left.slice(1).map((name) => utimes(join(uploads, name), longAgo, longAgo)));
    await pushBlob(over(folder.path), "a", noise(10));
    expect(await readdir(uploads)).toEqual(left.slice(0, 1));
  });

  test("a repository of which only the folder was made is none", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "a/blobs"), { recursive: true });
    const send = over(folder.path);
    expect((await send("/v2/a/tags/list")).status).toBe(404);
    await pushImage(send, "a", "1", "x");
    expect((await send("/v2/a/manifests/1")).status).toBe(200);
  });

  test("a repository removed from outside can be pushed again", async () => {
    await using folder = await temporaryFolder();
    const send = over(folder.path);
    await pushImage(send, "a", "1", "x");
    await rm(join(folder.path, "a"), { recursive: true });
    expect((await send("/v2/a/manifests/1")).status).toBe(404);
    await pushImage(send, "a", "2", "x");
    expect(await (await send("/v2/a/tags/list")).json()).toEqual({ name: "a", tags: ["2"] });
  });
});

test("a registry that is closed leaves no upload behind", async () => {
  await using folder = await temporaryFolder();
  const registry = createRegistry({ storage: folderStorage(folder.path) });
  const send: Send = (path, init) => registry.fetch(new Request(`http://registry.test${path}`, init));
  await send(await startUpload(send, "a"), { method: "PATCH", body: noise(1000) });
  expect(await readdir(join(folder.path, "_uploads"))).toHaveLength(1);
  await registry.close();
  expect(await readdir(join(folder.path, "_uploads"))).toEqual([]);
});

test("a disk that is full is 507, keeps what was stored whole, and has its room back", async ({ skip }) => {
  await using folder = await temporaryFolder();
  const mountable =
    process.getuid?.() === 0 &&
    (await run("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt").then(
      () => true,
      () => false,
    ));
  if (!mountable) return skip("needs the right to mount a file system of 3 MiB");
  await run("mount", "-t", "tmpfs", "-o", "size=3m", "none", folder.path);
  try {
    const heard: unknown[] = [];
    const storage = folderStorage(folder.path);
    await using registry = createRegistry({ storage, onError: (error) => heard.push(error) });
    const send: Send = (path, init) => registry.fetch(new Request(`http://registry.test${path}`, init));
    const image = await pushImage(send, "a", "1.0", "hello");
    const big = noise(5_000_000);
    for (const method of ["PATCH", "PUT"] as const) {
      const location = await startUpload(send, "a");
      const response = await send(`${location}?digest=${digestOf(big)}`, { method, body: big });
      expect([method, response.status]).toEqual([method, 507]);
      expect(await response.text()).not.toContain(folder.path);
      expect(await readdir(join(folder.path, "_uploads"))).toEqual([]);
      expect((await send(location)).status).toBe(404);
    }
    expect(heard).toMatchObject([{ code: "ENOSPC" }, { code: "ENOSPC" }]);
    await pushBlob(send, "a", noise(2_000_000));
    expect((await send("/v2/a/manifests/1.0")).headers.get("docker-content-digest")).toBe(image.digest);
  } finally {
    await run("umount", folder.path);
  }
});

/** The registry in a process of its own, which can be killed. */
async function startServer(
  dir: string,
): Promise<{ url: string; child: ChildProcess; [Symbol.asyncDispose](): Promise<void> }> {
  const program = `
    import { createRegistry, folderStorage, serve } from "@reg/server";
    const { url } = await serve(createRegistry({ storage: folderStorage(process.argv[1]) }));
    process.stdout.write(url);
  `;
  const child = spawn(
    process.execPath,
    ["--conditions=@reg/source", "--input-type=module", "-e", program, dir],
    { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
  );
  const [url] = (await once(child.stdout, "data")) as [Buffer]; // a stream without an encoding gives buffers
  const exited = once(child, "exit");
  return {
    url: url.toString(),
    child,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
