import type { Arbitrary } from "fast-check";

type FastCheck = typeof import("fast-check");

/** Generated JSON documents: valid, nearly valid, and long ones for the clock. */
export interface DocumentInputs {
  /** A reader that refuses one of these is wrong. */
  readonly valid: Arbitrary<string>;
  /** A valid one with a field, or a piece of its text, put wrong. */
  readonly nearlyValid: Arbitrary<string>;
  /** Valid ones of about so many characters, each long in another place. */
  readonly long: readonly ((characters: number) => string)[];
}

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

/** Manifests and indexes (image-spec, manifest.md and image-index.md). */
export function manifestInputs(fc: FastCheck): DocumentInputs {
  const text = fc.string({ unit: "binary", maxLength: 12 });
  const annotations = fc.dictionary(text, text, { maxKeys: 3 });
  const descriptor = optionals(
    fc,
    { mediaType: text, digest: digests(fc), size: sizes(fc) },
    {
      annotations,
      artifactType: text,
      urls: fc.array(text, { maxLength: 2 }),
      platform: optionals(fc, { os: text, architecture: text }, { variant: text, "os.version": text }),
    },
  );
  const about = { subject: descriptor, annotations, artifactType: text, "x-unknown": fc.jsonValue() };
  const children = fc.array(descriptor, { maxLength: 4 });
  const schemaVersion = fc.constant(2);
  const image = optionals(
    fc,
    { schemaVersion, config: descriptor, layers: children },
    { mediaType: fc.constant(MANIFEST_TYPE), ...about },
  );
  const index = optionals(
    fc,
    { schemaVersion, manifests: children },
    { mediaType: fc.constant(INDEX_TYPE), ...about },
  );
  return inputs(fc, fc.oneof(image, index), [
    (characters) => JSON.stringify({ ...IMAGE, layers: repeated(characters, () => DESCRIPTOR) }),
    (characters) => JSON.stringify({ ...IMAGE, annotations: keys(characters, "v") }),
    (characters) => JSON.stringify({ ...IMAGE, ...keys(characters, 1) }),
    (characters) => JSON.stringify({ schemaVersion: 2, manifests: repeated(characters, () => DESCRIPTOR) }),
  ]);
}

/** Configurations of images (image-spec, config.md). */
export function configInputs(fc: FastCheck): DocumentInputs {
  const text = fc.string({ unit: "binary", maxLength: 12 });
  const history = optionals(fc, {}, { created_by: text, comment: text, empty_layer: fc.boolean() });
  const config = optionals(
    fc,
    { architecture: text, os: text },
    {
      rootfs: fc.record({ type: fc.constant("layers"), diff_ids: fc.array(digests(fc), { maxLength: 4 }) }),
      config: optionals(
        fc,
        {},
        {
          Env: fc.array(text, { maxLength: 3 }),
          Labels: fc.dictionary(text, text, { maxKeys: 3 }),
          User: text,
        },
      ),
      history: fc.array(history, { maxLength: 3 }),
      created: text,
      "x-unknown": fc.jsonValue(),
    },
  ).map((document) => ({ rootfs: { type: "layers", diff_ids: [] }, ...document }));
  return inputs(fc, config, [
    (characters) =>
      JSON.stringify({ ...CONFIG, history: repeated(characters, () => ({ created_by: "RUN x" })) }),
    (characters) => JSON.stringify({ ...CONFIG, config: { Labels: keys(characters, "v") } }),
  ]);
}

const DESCRIPTOR = {
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest: `sha256:${"a".repeat(64)}`,
  size: 1,
};
const IMAGE = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: DESCRIPTOR, layers: [] };
const CONFIG = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } };

/** What stands where something else belongs. */
const WRONG_VALUES = [
  null,
  true,
  -1,
  1.5,
  "5",
  9e15,
  1e300,
  "",
  "sha256:",
  "\u0000",
  [],
  {},
  [null],
  { a: [] },
];

function inputs(fc: FastCheck, document: Arbitrary<object>, long: DocumentInputs["long"]): DocumentInputs {
  const valid = document.map((value) => JSON.stringify(value));
  const wrongField = fc
    .tuple(document, fc.nat(), fc.oneof(fc.constantFrom(...WRONG_VALUES), fc.jsonValue()))
    .map(([value, at, wrong]) => {
      const places = placesIn(value);
      const place = places[at % places.length];
      if (place !== undefined) place.holder[place.key] = wrong;
      return JSON.stringify(value);
    });
  const wrongText = fc
    .tuple(valid, fc.nat(), fc.nat({ max: 3 }), fc.string({ unit: "binary", maxLength: 3 }))
    .map(([text, at, length, piece]) => {
      const start = at % text.length;
      return text.slice(0, start) + piece + text.slice(start + length);
    });
  return { valid, nearlyValid: fc.oneof(wrongField, wrongText), long };
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every field of a document, however deep. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  // Of arrays the keys are their indexes.
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

/** A record with these fields, and any of those. */
function optionals(
  fc: FastCheck,
  required: Readonly<Record<string, Arbitrary<unknown>>>,
  optional: Readonly<Record<string, Arbitrary<unknown>>>,
): Arbitrary<object> {
  return fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) });
}

/** Digests of sha256. */
export function digests(fc: FastCheck): Arbitrary<string> {
  return fc.nat().map((value) => `sha256:${value.toString(16).padStart(64, "0")}`);
}

function sizes(fc: FastCheck): Arbitrary<number> {
  return fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 40));
}

function repeated(characters: number, make: () => object): object[] {
  const one = JSON.stringify(make()).length + 1;
  return Array.from({ length: Math.ceil(characters / one) }, make);
}

/** So many distinct keys that they have about so many characters. */
function keys(characters: number, value: unknown): Record<string, unknown> {
  const count = Math.ceil(characters / 12);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
}
