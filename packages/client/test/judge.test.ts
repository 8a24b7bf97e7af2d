import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, plainText, readErrors } from "../src/judge.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const question = {
  what: "GET manifest ghcr.io/a/b:1",
  registry: "ghcr.io",
  repository: "a/b",
};

describe("judge", () => {
  it("keeps the registry's own words and adds the place", () => {
    const body = encode(
      '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"1"}}]}',
    );
    const error = judge(question, { status: 404, body });
    expect(error).toMatchObject({
      code: "NOT_FOUND",
      status: 404,
      retryable: false,
      registry: "ghcr.io",
      repository: "a/b",
      errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown", detail: { Tag: "1" } }],
    });
    expect(error.message).toBe("GET manifest ghcr.io/a/b:1: 404 MANIFEST_UNKNOWN: manifest unknown");
  });

  it.each([
    [400, "", "INVALID"],
    [400, "NAME_UNKNOWN", "NOT_FOUND"],
    [400, "UNSUPPORTED", "UNSUPPORTED"],
    [400, "DIGEST_INVALID", "DIGEST_MISMATCH"],
    [400, "TAG_INVALID", "INVALID"],
    [401, "DENIED", "UNAUTHENTICATED"],
    [403, "UNAUTHORIZED", "FORBIDDEN"],
    [404, "NOT_FOUND", "NOT_FOUND"],
    [405, "", "UNSUPPORTED"],
    [409, "TAG_IMMUTABLE", "INVALID"],
    [412, "", "INVALID"],
    [413, "", "INVALID"],
    [416, "RANGE_INVALID", "INVALID"],
    [429, "TOOMANYREQUESTS", "RATE_LIMITED"],
    [500, "UNKNOWN", "UNAVAILABLE"],
    [501, "", "UNSUPPORTED"],
    [503, "UNAVAILABLE", "UNAVAILABLE"],
    [302, "", "PROTOCOL"],
    [200, "", "PROTOCOL"],
  ])("takes %i %s for %s", (status, code, expected) => {
    const body = encode(JSON.stringify({ errors: [{ code, message: "" }] }));
    expect(judge(question, { status, body }).code).toBe(expected);
  });

  it("says which failures may pass", () => {
    for (const status of [408, 429, 500, 502, 503, 504]) {
      expect(judge(question, { status, body: encode("") }).retryable).toBe(true);
    }
    for (const status of [400, 401, 403, 404, 405, 501]) {
      expect(judge(question, { status, body: encode("") }).retryable).toBe(false);
    }
  });

  it.each([
    ["plain text", "Not Authorized\n", "Not Authorized"],
    ["a page of HTML", "<html><body>502</body></html>", ""],
    ["nothing", "", ""],
    ["an object in place of the list", '{"errors":{}}', '{"errors":{}}'],
    ["a number for a code", '{"errors":[{"code":404,"message":"gone"}]}', "404: gone"],
    ["OpenShift's details", '{"errors":[{"code":"DENIED","details":"quota"}]}', "DENIED: quota"],
    ["an error outside of a list", '{"code":"DENIED","message":"no"}', "DENIED: no"],
    ["JSON that is cut off", '{"errors":[{"code"', '{"errors":[{"code"'],
  ])("makes do with %s", (_, body, said) => {
    const { message } = judge(question, { status: 500, body: encode(body) });
    expect(message.replaceAll('"', "")).toBe(
      `GET manifest ghcr.io/a/b:1: 500${said === "" ? "" : ` ${said.replaceAll('"', "")}`}`,
    );
  });

  it("hides the query of a URL the registry repeats, and what would steer a terminal", () => {
    const text = "see https://cdn.example/x?X-Amz-Signature=secret&y=1 \u001b[31mred\u202e\r\nnext";
    expect(plainText(text)).toBe("see https://cdn.example/x?… [31mred next");
  });

  it("escapes what would steer a terminal in every text of the registry's, names of members too", () => {
    const text = "\u202e\u001b[31m";
    const body = encode(
      JSON.stringify({ errors: [{ code: `X${text}`, message: text, detail: { [text]: [{ deep: text }] } }] }),
    );
    const error = judge(question, { status: 403, body });
    expect(inspect(error, { depth: 10 })).not.toMatch(/[\u202e\u001b]/);
    expect(error.message).not.toMatch(/[\u202e\u001b]/);
    const escaped = "\\u202e\\u001b[31m";
    expect(error.errors).toEqual([
      { code: `X${escaped}`, message: escaped, detail: { [escaped]: [{ deep: escaped }] } },
    ]);
  });

  it("never throws, whatever the body is", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 100, max: 599 }), (body, status) => {
        const { message } = judge(question, { status, body });
        expect(message).not.toMatch(/[\u0000-\u001f\u007f]/);
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        for (const { code } of readErrors(encode(text))) expect(typeof code).toBe("string");
      }),
    );
  });

  it("survives a body nested as deep as its limit lets it be", () => {
    expect(judge(question, { status: 500, body: encode("[".repeat(65_536)) }).code).toBe("UNAVAILABLE");
  });
});
