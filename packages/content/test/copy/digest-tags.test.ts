import type { Digest } from "@reg/reference";
import { expect, test } from "vitest";
import { digestTagsOf, groupDigestTags } from "../../src/copy/digest-tags.ts";

const HEX = "ab".repeat(32);
// Right by construction.
const DIGEST = `sha256:${HEX}` as Digest;
const LONG = `sha512:${HEX}${"0".repeat(64)}` as Digest;

test("finds the tags that name a digest among others", () => {
  const tags = groupDigestTags([
    "latest",
    `sha256-${HEX}`,
    `sha256-${HEX}.sig`,
    `sha256-${HEX}.att`,
    `sha256-${HEX}x`,
    `sha256-${HEX.slice(1)}.sig`,
    `sha512-${HEX}.sig`,
    "1.0.sig",
  ]);
  expect(digestTagsOf(DIGEST, tags, true)).toEqual([
    `sha256-${HEX}`,
    `sha256-${HEX}.sig`,
    `sha256-${HEX}.att`,
  ]);
  expect(digestTagsOf(DIGEST, tags, false)).toEqual([`sha256-${HEX}.sig`, `sha256-${HEX}.att`]);
  expect(digestTagsOf(LONG, tags, true)).toEqual([`sha512-${HEX}.sig`]);
});
