import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeRange, parseContentRange, type RangeAnswer } from "../src/blob-range.ts";

const answer = (fields: Partial<RangeAnswer>): RangeAnswer => ({
  status: 206,
  contentRange: undefined,
  contentLength: undefined,
  contentType: undefined,
  ...fields,
});

describe("judgeRange", () => {
  it("takes the range that was asked for", () => {
    expect(judgeRange("x", answer({ contentRange: "bytes 10-99/100" }), 10, 100)).toEqual({
      skip: 0,
      total: 100,
    });
    expect(judgeRange("x", answer({ contentRange: "bytes 10-49/100" }), 10, 100)).toEqual({
      skip: 0,
      total: 100,
    });
    expect(judgeRange("x", answer({ contentRange: "bytes 10-99/*" }), 10, undefined)).toEqual({
      skip: 0,
      total: undefined,
    });
  });

  it("skips what came before where the range was taken no notice of", () => {
    expect(judgeRange("x", answer({ status: 200, contentLength: "100" }), 10, 100)).toEqual({
      skip: 10,
      total: 100,
    });
  });

  it.each([
    ["another start", { contentRange: "bytes 0-99/100" }, "PROTOCOL"],
    ["no Content-Range", {}, "PROTOCOL"],
    ["another unit", { contentRange: "items 10-99/100" }, "PROTOCOL"],
    ["an end before its start", { contentRange: "bytes 10-9/100" }, "PROTOCOL"],
    ["an end beyond its total", { contentRange: "bytes 10-100/100" }, "PROTOCOL"],
    ["several ranges", { contentType: "multipart/byteranges; boundary=x" }, "PROTOCOL"],
    ["another total", { contentRange: "bytes 10-98/99" }, "SIZE_MISMATCH"],
    ["a whole of another size", { status: 200, contentLength: "99" }, "SIZE_MISMATCH"],
  ])("refuses %s", (_, fields, code) => {
    expect(() => judgeRange("x", answer(fields), 10, 100)).toThrow(expect.objectContaining({ code }));
  });
});

describe("parseContentRange", () => {
  it("takes a range without its unit, as Nexus once sent it", () => {
    expect(parseContentRange("10-99/100")).toEqual({ start: 10, end: 99, total: 100 });
  });

  it("reads what it is given back, and nothing that is no number", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.option(fc.nat(), { nil: undefined }), (start, end, total) => {
        expect(parseContentRange(`bytes ${start}-${end}/${total ?? "*"}`)).toEqual({ start, end, total });
      }),
    );
    for (const field of [
      "bytes 1e2-3/4",
      "bytes -1-3/4",
      "bytes 0x1-3/4",
      "bytes 1-9999999999999999/4",
      "bytes",
    ]) {
      expect(parseContentRange(field)).toBeUndefined();
    }
  });
});
