import fc from "fast-check";
import { expect, test } from "vitest";
import {
  artifactTypeOf,
  digestOf,
  encodeJson,
  isContentError,
  LIMITS,
  MEDIA_TYPES,
  type ParsedManifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
  subjectOf,
  successors,
} from "../src/index.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const BLOB = { mediaType: "application/x", digest: DIGEST, size: 3 };
const IMAGE = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: BLOB, layers: [BLOB] };
const INDEX = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [BLOB] };

function parse(value: unknown, mediaType?: string): ParsedManifest {
  return parseManifest(encodeJson(value), mediaType);
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isContentError(error)) return error.code;
    throw error;
  }
  return "none";
}

test("keeps the bytes as they came and describes them", () => {
  const bytes = new TextEncoder().encode(`\n ${JSON.stringify(IMAGE, null, 3)}  `);
  const parsed = parseManifest(bytes, MEDIA_TYPES.ociManifest);
  expect(parsed.bytes).toBe(bytes);
  expect(parsed.descriptor).toEqual({
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  expect(parsed.kind).toBe("image");
  expect(successors(parsed)).toHaveLength(2);
});

test("describes by sha512 where that is asked for", () => {
  const bytes = encodeJson(IMAGE);
  const { descriptor } = parseManifest(bytes, undefined, { algorithm: "sha512" });
  expect(descriptor.digest).toBe(digestOf(bytes, "sha512"));
});

test.each([
  [MEDIA_TYPES.ociManifest, IMAGE, "image"],
  [MEDIA_TYPES.dockerManifest, { ...IMAGE, mediaType: MEDIA_TYPES.dockerManifest }, "image"],
  [MEDIA_TYPES.ociIndex, INDEX, "index"],
  [MEDIA_TYPES.dockerManifestList, { ...INDEX, mediaType: MEDIA_TYPES.dockerManifestList }, "index"],
  [MEDIA_TYPES.ociArtifact, { mediaType: MEDIA_TYPES.ociArtifact, blobs: [BLOB] }, "artifact"],
  [MEDIA_TYPES.dockerSchema1Signed, { schemaVersion: 1, fsLayers: [], signatures: [] }, "schema1"],
])("knows %s", (mediaType, document, kind) => {
  expect(parse(document, mediaType).kind).toBe(kind);
  expect(parse(document).mediaType).toBe(mediaType);
});

test.each([
  `${MEDIA_TYPES.ociManifest}; charset=ISO-8859-1`,
  MEDIA_TYPES.ociManifest.toUpperCase(),
  "text/plain; charset=utf-8",
  "application/json",
  "application/octet-stream",
  "",
])("takes the Content-Type %j for what it says, or for nothing", (contentType) => {
  expect(parse(IMAGE, contentType).mediaType).toBe(MEDIA_TYPES.ociManifest);
});

test("tells what a document without a mediaType is by its fields", () => {
  const { mediaType: _, ...image } = IMAGE;
  const { mediaType: __, ...index } = INDEX;
  expect(parse(image, "text/plain").mediaType).toBe(MEDIA_TYPES.ociManifest);
  expect(parse(index).mediaType).toBe(MEDIA_TYPES.ociIndex);
  expect(parse({ schemaVersion: 1, fsLayers: [] }).mediaType).toBe(MEDIA_TYPES.dockerSchema1);
});

// CVE-2021-41190: what two readers can take for two things is refused.
test.each([
  [
    "another mediaType than it came with",
    { ...IMAGE, mediaType: MEDIA_TYPES.dockerManifest },
    MEDIA_TYPES.ociManifest,
  ],
  ["manifests beside layers", { ...IMAGE, manifests: [] }, MEDIA_TYPES.ociManifest],
  ["layers beside manifests", { ...INDEX, layers: [] }, MEDIA_TYPES.ociIndex],
  ["a config beside manifests", { ...INDEX, config: BLOB }, undefined],
  ["fsLayers beside layers", { ...IMAGE, fsLayers: [] }, undefined],
  ["the type of an image on an index", { ...INDEX, mediaType: undefined }, MEDIA_TYPES.ociManifest],
  ["a mediaType that is a number", { ...IMAGE, mediaType: 5 }, undefined],
  ["no config", { schemaVersion: 2, layers: [] }, undefined],
  ["an array", [IMAGE], undefined],
  ["null", null, undefined],
  ["nothing known", {}, undefined],
  ["another schemaVersion", { ...IMAGE, schemaVersion: 3 }, undefined],
])("refuses a manifest with %s", (_, document, mediaType) => {
  expect(code(() => parse(document, mediaType))).toBe("INVALID");
});

test("says where a document is wrong", () => {
  expect(() => parse({ ...IMAGE, layers: [BLOB, { ...BLOB, size: "5" }] })).toThrow(/layers\[1\]\.size/);
});

test.each([-1, 1.5, "5", 9e15, 2 ** 53 + 1, null])("refuses a layer of the size %s", (size) => {
  expect(code(() => parse({ ...IMAGE, layers: [{ ...BLOB, size }] }))).toBe("INVALID");
});

test.each(["sha256:../../x", "", "nothing", 5])("refuses a layer with the digest %s", (digest) => {
  expect(code(() => parse({ ...IMAGE, layers: [{ ...BLOB, digest }] }))).toBe(
    // A digest of the right grammar and the wrong length is told apart when it is used.
    "INVALID",
  );
});

test("reads unknown types, fields and algorithms, and nulls where lists may be", () => {
  const parsed = parse({
    ...IMAGE,
    config: { ...BLOB, mediaType: "application/vnd.example.unknown" },
    layers: null,
    annotations: null,
    future: { a: [1] },
  });
  expect(successors(parsed)).toHaveLength(1);
  expect(parsed.document).toMatchObject({ layers: [], future: { a: [1] } });
  expect(successors(parse({ ...INDEX, manifests: null }))).toEqual([]);
  expect(
    successors(parse({ ...IMAGE, layers: [{ ...BLOB, digest: `blake3:${"a".repeat(64)}` }] })),
  ).toHaveLength(2);
});

test("leaves every prototype as it is", () => {
  const text = `{"schemaVersion":2,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
    "config":${JSON.stringify(BLOB)},"layers":[],"annotations":{"__proto__":"x","a":"b"}}`;
  const bytes = new TextEncoder().encode(text);
  const parsed = parseManifest(bytes);
  expect(parsed.bytes).toBe(bytes);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  expect((parsed.document as { polluted?: number }).polluted).toBeUndefined();
  expect(Object.getPrototypeOf(parsed.document)).toBe(Object.prototype);
});

test("forgives a byte order mark, invalid UTF-8 and keys that come twice, and keeps the bytes", () => {
  const text = new TextEncoder().encode(
    `{"schemaVersion":2,"schemaVersion":2,"config":${JSON.stringify(BLOB)},"layers":[],"x":"?"}`,
  );
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...text]);
  bytes[bytes.length - 3] = 0xff;
  const parsed = parseManifest(bytes);
  expect(parsed.kind).toBe("image");
  expect(parsed.descriptor.digest).toBe(digestOf(bytes));
});

test("refuses JSON nested 200,000 deep, and does not mind brackets in a text", () => {
  const deep = `{"schemaVersion":2,"manifests":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  expect(code(() => parseManifest(new TextEncoder().encode(deep)))).toBe("INVALID");
  const quoted = { ...INDEX, annotations: { a: `\\"${"[{".repeat(1000)}` } };
  expect(parse(quoted).kind).toBe("index");
});

test("refuses a manifest above 4 MiB before it is parsed", () => {
  expect(code(() => parseManifest(new Uint8Array(LIMITS.manifestBytes + 1)))).toBe("SIZE_EXCEEDED");
});

test("reads a larger one where that is allowed, and refuses a smaller one where it is not", () => {
  const large = encodeJson({ ...IMAGE, x: "y".repeat(LIMITS.manifestBytes) });
  expect(parseManifest(large, undefined, { maxBytes: 2 * LIMITS.manifestBytes }).kind).toBe("image");
  expect(code(() => parseManifest(encodeJson(IMAGE), undefined, { maxBytes: 10 }))).toBe("SIZE_EXCEEDED");
});

test("has no type for what is no manifest", () => {
  expect(code(() => parse(IMAGE, "application/vnd.example"))).toBe("UNSUPPORTED");
  expect(code(() => parse({ ...IMAGE, mediaType: "application/vnd.example" }))).toBe("UNSUPPORTED");
  expect(code(() => parseIndex(encodeJson(IMAGE)))).toBe("INVALID");
});

test("escapes what a server put into a type", () => {
  expect(() => parse(IMAGE, "x/\u001b]0:title\u0007")).toThrow(/x\/\\u\{1b\}\]0:title\\u\{7\}/);
});

test("takes an artifact's type from its config where it names none", () => {
  expect(artifactTypeOf(parse(IMAGE))).toBe("application/x");
  expect(artifactTypeOf(parse({ ...IMAGE, artifactType: "a/b" }))).toBe("a/b");
  expect(artifactTypeOf(parse(INDEX))).toBeUndefined();
  expect(subjectOf(parse({ ...INDEX, subject: BLOB }))).toEqual(BLOB);
});

test("reads an image configuration as Docker writes it", () => {
  const config = parseImageConfig(
    encodeJson({
      os: "linux",
      architecture: "amd64",
      container_config: { Cmd: null },
      config: { Cmd: null, Env: ["A=b"], Labels: null, Entrypoint: ["x"], OnBuild: null },
      rootfs: { type: "layers", diff_ids: [DIGEST] },
      history: [{ created: "2020-01-01T00:00:00Z", empty_layer: true }],
    }),
  );
  expect(config.config).toEqual({ Env: ["A=b"], Entrypoint: ["x"] });
  expect(config.rootfs.diff_ids).toEqual([DIGEST]);
  expect(code(() => parseImageConfig(encodeJson({ os: "linux" })))).toBe("INVALID");
  expect(code(() => parseImageConfig(new Uint8Array(LIMITS.configBytes + 1)))).toBe("SIZE_EXCEEDED");
});

test("answers any bytes with a manifest or an error of its own", () => {
  const anything = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .record(
        {
          schemaVersion: fc.constantFrom(1, 2, "2"),
          mediaType: fc.oneof(fc.constantFrom(...Object.values(MEDIA_TYPES)), fc.string(), fc.integer()),
          config: fc.oneof(fc.constant(BLOB), fc.jsonValue()),
          layers: fc.oneof(fc.constant([BLOB]), fc.jsonValue()),
          manifests: fc.oneof(fc.constant([BLOB]), fc.jsonValue()),
        },
        { requiredKeys: [] },
      )
      .map(encodeJson),
  );
  fc.assert(
    fc.property(
      anything,
      fc.option(fc.constantFrom(...Object.values(MEDIA_TYPES)), { nil: undefined }),
      (bytes, type) => {
        try {
          const parsed = parseManifest(bytes, type);
          expect(parsed.descriptor.size).toBe(bytes.byteLength);
          for (const { size } of successors(parsed)) expect(Number.isSafeInteger(size)).toBe(true);
        } catch (error) {
          expect(isContentError(error)).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
