import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@reg/sdk";
import { expect, onTestFinished, test } from "vitest";
import { benchImage, benchIndex, blobsOf } from "../src/network/images.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test("an image has as many layers as asked for, none like another, and is made once", async () => {
  const root = await temporaryFolder();
  const image = await benchImage(root, "small", 3, 100);
  const blobs = await blobsOf(image.folder);
  expect(blobs.filter(({ size }) => size === 100)).toHaveLength(3);
  expect(blobs).toHaveLength(4);
  for (const { digest } of blobs)
    expect(digestOf(await readFile(join(image.folder, "blobs", digest.replace(":", "/"))))).toBe(digest);
  await benchImage(root, "small", 3, 100);
  expect(await blobsOf(image.folder)).toEqual(blobs);
});

test("an index has a manifest and a configuration for each platform", async () => {
  const root = await temporaryFolder();
  const { folder, bytes } = await benchIndex(root, "index", ["amd64", "arm64"], 2, 50);
  expect(bytes).toBe(200);
  expect(await blobsOf(folder)).toHaveLength(2 * 2 + 2);
});
