import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeTokenAnswer, tokenGet, tokenPost } from "../src/token-exchange.ts";

const asked = {
  registry: "reg.io",
  where: "the token server https://reg.io/token",
  as: "anonymously",
  secrets: ["s3cret"],
};
const question = {
  realm: new URL("https://reg.io/token?x=1"),
  service: "a b&c",
  scopes: ["repository:a:pull"],
  clientId: "tests",
};

function judge(status: number, body: string, prefer: "token" | "access_token" = "token") {
  return judgeTokenAnswer(status, new TextEncoder().encode(body), prefer, asked);
}

test("where both tokens come, the one of the way it was asked for counts", () => {
  const both = '{"token":"a","access_token":"b"}';
  expect(judge(200, both, "token").token).toBe("a");
  expect(judge(200, both, "access_token").token).toBe("b");
});

test("a refresh token is handed on if it could be sent, and passed by otherwise", () => {
  expect(judge(200, '{"token":"a","refresh_token":"r"}').refreshToken).toBe("r");
  expect(judge(200, '{"token":"a","refresh_token":"r\\n"}').refreshToken).toBeUndefined();
});

test.each([
  [400, "UNAUTHENTICATED"],
  [401, "UNAUTHENTICATED"],
  [403, "UNAUTHENTICATED"],
  [404, "PROTOCOL"],
  [302, "PROTOCOL"],
  [204, "PROTOCOL"],
  [429, "UNAVAILABLE"],
  [500, "UNAVAILABLE"],
])("%i is %s", (status, code) => {
  expect(() => judge(status, "")).toThrow(expect.objectContaining({ code, status, registry: "reg.io" }));
});

test.each([
  '{"errors":[{"code":"DENIED","message":"no s3cret"}]}',
  '{"error":"DENIED","error_description":"no s3cret"}',
  '{"details":"DENIED: no s3cret"}',
])("the words of %s are told without the secret", (body) => {
  expect(() => judge(403, body)).toThrow(/DENIED: no \*\*\*/);
});

test("no answer makes it fail in any other way, and every token can stand in a header", () => {
  const field = fc.constantFrom("token", "access_token", "expires_in", "refresh_token", "errors", "error");
  const answer = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(fc.constantFrom(200, 401, 503), answer, (status, body) => {
      try {
        const grant = judge(status, body);
        expect(grant.token).toMatch(/^[!-~]+$/);
        expect(grant.lifetimeSeconds).toBeGreaterThanOrEqual(60);
        expect(grant.lifetimeSeconds).toBeLessThanOrEqual(3600);
      } catch (error) {
        expect(error).toMatchObject({ name: "AuthError" });
      }
    }),
  );
});

test("what is asked is encoded, and a secret is in no URL", () => {
  const get = tokenGet(question, { username: "ns+robot", password: "s3cret" });
  expect(get.url.href).toBe(
    "https://reg.io/token?x=1&service=a+b%26c&scope=repository%3Aa%3Apull&client_id=tests&account=ns%2Brobot",
  );
  const post = tokenPost(question, { username: "ns+robot", password: "s3cret&x=1" });
  expect(post.url.href).toBe("https://reg.io/token?x=1");
  expect(new TextDecoder().decode(post.body)).toBe(
    "grant_type=password&username=ns%2Brobot&password=s3cret%26x%3D1&service=a+b%26c&client_id=tests&scope=repository%3Aa%3Apull",
  );
  expect(question.realm.href).toBe("https://reg.io/token?x=1");
});
