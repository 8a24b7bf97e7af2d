import { expect, test } from "vitest";
import { essenceOf, isForeignLayerType, isIndexType, isManifestType, MEDIA_TYPES } from "../src/index.ts";

test("knows what is kept as a manifest, and what is not to be distributed", () => {
  const types = Object.values(MEDIA_TYPES);
  expect(types.filter(isIndexType)).toEqual([
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
  ]);
  expect(types.filter(isManifestType)).toHaveLength(7);
  expect(types.filter(isForeignLayerType)).toHaveLength(5);
  expect(isManifestType("application/json")).toBe(false);
});

test.each([
  ["text/plain; charset=utf-8", "text/plain"],
  [" Application/JSON ;x=1", "application/json"],
  ["", ""],
  [";", ""],
])("takes the parameters off %j", (contentType, essence) => {
  expect(essenceOf(contentType)).toBe(essence);
});
