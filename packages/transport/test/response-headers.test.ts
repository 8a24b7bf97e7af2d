import { describe, expect, it } from "vitest";
import { contentLength, emptyBody, parseDecimal, responseBody, responseHeaders } from "../src/index.ts";

describe("responseHeaders", () => {
  it("joins lists, and matches names without regard to case", () => {
    const headers = responseHeaders([
      ["Link", "a"],
      ["LINK", "b"],
      ["X", ""],
    ]);
    expect([headers.get("link"), headers.all("Link"), headers.get("x"), headers.get("none")]).toEqual([
      "a, b",
      ["a", "b"],
      "",
      undefined,
    ]);
    expect([...headers]).toEqual([
      ["link", "a"],
      ["link", "b"],
      ["x", ""],
    ]);
  });

  it.each(["content-length", "content-range", "docker-content-digest", "location", "content-type", "range"])(
    "refuses two different values of %s, and takes the same one twice",
    (name) => {
      expect(() =>
        responseHeaders([
          [name, "1"],
          [name.toUpperCase(), "2"],
        ]).get(name),
      ).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
      expect(
        responseHeaders([
          [name, "1"],
          [name, "1"],
        ]).get(name),
      ).toBe("1");
    },
  );

  it.each(["-1", "1.5", "1e3", "0x10", " 5", "", "9".repeat(16), "5,5"])(
    "refuses %j as a length",
    (value) => {
      expect(parseDecimal(value)).toBeUndefined();
      expect(() => contentLength(responseHeaders([["content-length", value]]))).toThrow(
        expect.objectContaining({ code: "PROTOCOL" }),
      );
    },
  );
});

describe("responseBody", () => {
  function bodyOf(texts: readonly string[], length?: number) {
    const state = { pulled: 0, ended: false };
    const iterator: AsyncIterator<Uint8Array, undefined> = {
      next: async () => {
        const text = texts[state.pulled++];
        return text === undefined
          ? { done: true, value: undefined }
          : { done: false, value: Buffer.from(text) };
      },
      return: async () => {
        state.ended = true;
        return { done: true, value: undefined };
      },
    };
    return { body: responseBody(iterator, length), state };
  }

  it("gives its bytes, its JSON, or its chunks, once", async () => {
    expect(Buffer.from(await bodyOf(["ab", "cd"]).body.bytes(4)).toString()).toBe("abcd");
    expect(await bodyOf(['{"a":', "1}"]).body.json(100)).toEqual({ a: 1 });
    const { body } = bodyOf(["ab"]);
    await body.bytes(2);
    await expect(body.bytes(2)).rejects.toThrow(TypeError);
    expect((await emptyBody().bytes(0)).byteLength).toBe(0);
  });

  it("stops at the limit, by its length before anything is read, and gives the connection up", async () => {
    const endless = bodyOf(Array.from({ length: 100 }, () => "x".repeat(10)));
    await expect(endless.body.bytes(25)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    expect(endless.state).toEqual({ pulled: 3, ended: true });
    const announced = bodyOf(["x"], 26);
    await expect(announced.body.bytes(25)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    expect(announced.state).toEqual({ pulled: 0, ended: true });
  });

  it.each(["", "{", "undefined", "\u00ff{}", "[".repeat(200_000)])(
    "is PROTOCOL where %# is not JSON, without showing it",
    async (text) => {
      const { body } = bodyOf([`${text}canary`]);
      await expect(body.json(1_000_000)).rejects.toSatisfy(
        (error) => (error as { code?: string }).code === "PROTOCOL" && !String(error).includes("canary"),
      );
    },
  );

  it("is discarded by reading a small rest, or by giving a large one up", async () => {
    const small = bodyOf(["x", "y"]);
    await small.body.discard();
    expect(small.state).toEqual({ pulled: 3, ended: false });
    const large = bodyOf(["x"], 10_000_000);
    await large.body.discard();
    expect(large.state).toEqual({ pulled: 0, ended: true });
  });
});
