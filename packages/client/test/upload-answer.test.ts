import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeUpload, readReceived, receivedAfter, type UploadFields } from "../src/upload-answer.ts";

const base = new URL("https://reg.example/v2/a/blobs/uploads/");
const fields = (given: Partial<UploadFields>): UploadFields => ({
  location: "/v2/a/blobs/uploads/1?_state=x",
  range: undefined,
  minLength: undefined,
  maxLength: undefined,
  ...given,
});

describe("judgeUpload", () => {
  it("resolves the location and keeps its query", () => {
    expect(judgeUpload(fields({}), base).location.href).toBe(
      "https://reg.example/v2/a/blobs/uploads/1?_state=x",
    );
  });

  it("keeps the last location where an answer names none, as quay's status does", () => {
    const known = new URL("https://reg.example/known");
    expect(judgeUpload(fields({ location: undefined }), base, known).location).toBe(known);
    expect(() => judgeUpload(fields({ location: undefined }), base)).toThrow(/without saying where/);
  });

  it("reads the lengths of chunks, and refuses to hold 5 GiB in memory", () => {
    expect(judgeUpload(fields({ minLength: "5242880", maxLength: "100000000" }), base)).toMatchObject({
      min: 5_242_880,
      max: 100_000_000,
    });
    expect(judgeUpload(fields({ minLength: "10", maxLength: "5" }), base)).toMatchObject({
      min: 10,
      max: 10,
    });
    expect(judgeUpload(fields({ minLength: "nonsense", maxLength: "0" }), base)).toMatchObject({
      min: 0,
      max: 1,
    });
    expect(() => judgeUpload(fields({ minLength: "5368709120" }), base)).toThrow(
      expect.objectContaining({ code: "SIZE_EXCEEDED" }),
    );
  });
});

describe("readReceived", () => {
  it.each([
    ["0-99", 100],
    ["bytes=0-99", 100],
    ["0-0", undefined],
    ["0--1", 0],
    ["10-99", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("takes %s for %s bytes", (field, received) => {
    expect(readReceived(field)).toBe(received);
  });
});

describe("readReceived and any text", () => {
  it("gives the bytes of a range from 0, and nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), (end) => {
        expect(readReceived(`0-${end}`)).toBe(end + 1);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const received = readReceived(text);
        expect(received === undefined || Number.isSafeInteger(received)).toBe(true);
      }),
    );
  });
});

describe("receivedAfter", () => {
  it("believes a registry that took a part of the chunk", () => {
    expect(receivedAfter(100, 50, 120)).toBe(120);
  });

  it.each([
    ["it says nothing", undefined],
    ["it repeats the range of an earlier chunk, as ECR does", 100],
    ["it tells the range of the chunk alone", 50],
    ["it tells more than was sent", 151],
  ])("counts for itself where %s", (_, told) => {
    expect(receivedAfter(100, 50, told)).toBe(150);
  });
});
