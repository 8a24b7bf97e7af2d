import { expect, test } from "vitest";
import {
  attachArtifact,
  bytesStream,
  copy,
  createOverlay,
  type Descriptor,
  MEDIA_TYPES,
  memoryStore,
  scratchImage,
  verify,
} from "../../src/index.ts";
import { describe, pushBytes, pushImage, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

test("gives what was added, and the rest from the store it came from", async () => {
  const base = memoryStore();
  const other = memoryStore();
  const inBase = await pushBytes(base, randomBytes(10, 1), "x");
  const inOther = await pushBytes(other, randomBytes(10, 2), "x");
  const overlay = createOverlay(base);
  overlay.from(inOther, other);
  const body = randomBytes(10, 3);
  const added = overlay.add(describe(body, "x"), body);
  for (const [descriptor, seed] of [
    [inBase, 1],
    [inOther, 2],
    [added, 3],
  ] as const) {
    expect(await (await overlay.fetch(descriptor)).bytes(10)).toEqual(randomBytes(10, seed));
    const parts: Uint8Array[] = [];
    await overlay.fetchInto?.(descriptor, { write: (chunk) => void parts.push(new Uint8Array(chunk)) });
    expect(new Uint8Array(Buffer.concat(parts))).toEqual(randomBytes(10, seed));
    expect(await overlay.exists(descriptor)).toBe(true);
  }
  const nowhere = describe(randomBytes(1), "x");
  await expect(createOverlay().fetch(nowhere)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("verifies a stream that was added", async () => {
  const overlay = createOverlay();
  const descriptor = describe(randomBytes(10), "x");
  overlay.add(descriptor, { size: 10, open: () => bytesStream(randomBytes(10, 9)) });
  await expect((await overlay.fetch(descriptor)).bytes(10)).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
  });
});

test("lets blobs be mounted from the store they lie in, and never what was made", async () => {
  const base = memoryStore();
  const image = await pushImage(base, { tag: "v1", layers: [randomBytes(20_000)] });
  const inner = createOverlay(base);
  const overlay = createOverlay(inner);
  const config = overlay.addJson(MEDIA_TYPES.ociConfig, { os: "linux" });
  const layer = describe(randomBytes(20_000), MEDIA_TYPES.ociLayer);
  const made = overlay.addJson(MEDIA_TYPES.ociManifest, { schemaVersion: 2, config, layers: [layer] });
  const store = memoryStore();
  const target = spy(store, {
    canMount: (from) => from === base,
    mount: async (descriptor, from) => {
      await store.push(descriptor, await (await from.fetch(descriptor)).bytes(descriptor.size));
      return true;
    },
  });
  expect(await copy(overlay, made.digest, target.store, "v1")).toMatchObject({ mounted: 1, copied: 2 });
  expect(target.calls.filter((call) => call.startsWith("mount "))).toEqual([`mount ${layer.digest}`]);
  expect((await verify(store, "v1")).ok).toBe(true);
  expect(image.digest).not.toBe(made.digest);
});

test("tells what refers to the content below it, and that nothing refers yet to what was made", async () => {
  const base = memoryStore();
  const image = scratchImage({ os: "linux", architecture: "amd64" });
  await copy(image.source, image.descriptor.digest, base, "1.0");
  const attached = await attachArtifact(base, "1.0", { artifactType: "application/vnd.example" });
  const overlay = createOverlay(base);
  const made = overlay.addJson("application/json", {});
  const list = async (of: Descriptor): Promise<string[]> => {
    const found: string[] = [];
    for await (const { digest } of overlay.referrers?.(of) ?? []) found.push(digest);
    return found;
  };
  expect(await list(image.descriptor)).toEqual([attached.digest]);
  expect(await list(made)).toEqual([]);
});
