import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerHead } from "../../src/undici/answer-head.ts";
import { undiciTransport } from "../../src/undici.ts";
import { RawServer } from "../raw-server.ts";

const HEAD = [
  "HTTP/1.1 206 Partial Content",
  "Content-Range: bytes 0-4/5",
  "X-First: one",
  "Content-Length: 5",
  "X-Last: a-value-long-enough-to-lie-over-all-that-came-before-it",
  "",
  "",
].join("\r\n");
const HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

/** The text in pieces that end at these places. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

describe("the head of an answer", () => {
  it("is followed through whatever pieces it comes in, interim answers before it too", () => {
    fc.assert(
      fc.property(fc.nat(3), fc.string(), fc.array(fc.nat()), (interims, body, cuts) => {
        const heads = HINTS.repeat(interims) + HEAD;
        const ends = [
          ...Array.from({ length: interims }, (_, index) => (index + 1) * HINTS.length),
          heads.length,
        ];
        const head = new AnswerHead();
        head.expect();
        let taken = 0;
        for (const piece of pieces(heads + body, cuts)) {
          const within = head.endsWithin(Buffer.from(piece, "latin1"));
          taken += piece.length;
          expect(within).toBe(taken < heads.length && !ends.includes(taken));
        }
        expect(head.isNext).toBe(false);
      }),
    );
  });

  it("says nothing of a body, whatever it looks like", () => {
    const head = new AnswerHead();
    expect(head.endsWithin(Buffer.from(HEAD.slice(0, 20)))).toBe(false);
    head.expect();
    expect(head.isNext).toBe(true);
    expect(head.endsWithin(Buffer.from(`${HEAD}HTTP/1.1 100 `))).toBe(false);
    expect(head.endsWithin(Buffer.from("Continue"))).toBe(false);
  });

  it("is right where it comes in two reads, cut anywhere", async () => {
    for (let cut = 1; cut < HEAD.length; cut += 7) {
      await using server = await RawServer.start(async (connection) => {
        await connection.request();
        connection.send(HEAD.slice(0, cut));
        await new Promise((resolve) => setTimeout(resolve, 10));
        connection.send(`${HEAD.slice(cut)}hello`);
      });
      const engine = undiciTransport();
      const { status, headers, body } = await engine({ method: "GET", url: server.url(), headers: {} });
      expect(status).toBe(206);
      expect([...headers].map(([name, value]) => `${name}: ${value}`)).toEqual([
        "content-range: bytes 0-4/5",
        "x-first: one",
        "content-length: 5",
        "x-last: a-value-long-enough-to-lie-over-all-that-came-before-it",
      ]);
      expect(Buffer.from(await body.bytes(5)).toString()).toBe("hello");
      await engine.close();
    }
  });
});
