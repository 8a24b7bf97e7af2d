import fc from "fast-check";
import { expect, test } from "vitest";
import { type Descriptor, digestOf } from "../src/index.ts";
import { createVerifier, inlineData, verifiedStream, verifyBytes } from "../src/verifier.ts";
import { describe, randomBytes } from "./support/images.ts";

const BYTES = randomBytes(1000);
const DESCRIPTOR = describe(BYTES, "text/plain");

test("takes the right bytes however they are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 })), (cuts) => {
      const verifier = createVerifier(DESCRIPTOR);
      const ends = [...cuts.sort((a, b) => a - b), BYTES.byteLength];
      ends.reduce((from, to) => {
        verifier.write(BYTES.subarray(from, to));
        return to;
      }, 0);
      verifier.end();
      expect(verifier.received).toBe(1000);
    }),
  );
});

test("stops at the first byte too many", () => {
  const verifier = createVerifier(DESCRIPTOR);
  verifier.write(BYTES);
  expect(() => verifier.write(new Uint8Array(1))).toThrow(expect.objectContaining({ code: "SIZE_MISMATCH" }));
});

test("says how many bytes are missing", () => {
  const verifier = createVerifier(DESCRIPTOR);
  verifier.write(BYTES.subarray(0, 999));
  expect(() => verifier.end()).toThrow(/999 of 1000/);
});

test("notices a single bit", () => {
  const wrong = BYTES.slice();
  wrong[500] = (wrong[500] ?? 0) ^ 1;
  expect(() => verifyBytes(DESCRIPTOR, wrong)).toThrow(expect.objectContaining({ code: "DIGEST_MISMATCH" }));
});

test("checks each digest under its own algorithm", () => {
  const sha512 = { digest: digestOf(BYTES, "sha512"), size: 1000 };
  verifyBytes(sha512, BYTES);
  expect(() => verifyBytes(sha512, randomBytes(1000, 2))).toThrow(
    expect.objectContaining({ code: "DIGEST_MISMATCH" }),
  );
});

test.each([-1, 1.5, 9e15, 2 ** 53 + 1, Number.NaN, Number.POSITIVE_INFINITY, "5"])(
  "refuses the size %s before anything is read",
  (size) => {
    // What a document claims; the type cannot keep it away.
    const descriptor = { ...DESCRIPTOR, size } as Descriptor;
    expect(() => createVerifier(descriptor)).toThrow(expect.objectContaining({ code: "INVALID" }));
  },
);

test("never ends a stream of wrong bytes without an error", async () => {
  const short = verifiedStream(DESCRIPTOR, [BYTES.subarray(0, 500)]);
  await expect(short.bytes(1000)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  const other = verifiedStream(DESCRIPTOR, [randomBytes(1000, 3)]);
  await expect(other.bytes(1000)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  const right = verifiedStream(DESCRIPTOR, [BYTES]);
  expect(await right.bytes(1000)).toEqual(BYTES);
});

test("verifies the content that a descriptor carries", () => {
  const data = Buffer.from(BYTES).toString("base64");
  expect(inlineData({ ...DESCRIPTOR, data })).toEqual(BYTES);
  expect(inlineData(DESCRIPTOR)).toBeUndefined();
  expect(() => inlineData({ ...DESCRIPTOR, data: "e30=" })).toThrow(
    expect.objectContaining({ code: "SIZE_MISMATCH" }),
  );
  const wrong = Buffer.from(randomBytes(1000, 9)).toString("base64");
  expect(() => inlineData({ ...DESCRIPTOR, data: wrong })).toThrow(
    expect.objectContaining({ code: "DIGEST_MISMATCH" }),
  );
  expect(() => inlineData({ ...DESCRIPTOR, data: "{not base64}" })).toThrow(
    expect.objectContaining({ code: "INVALID" }),
  );
});
