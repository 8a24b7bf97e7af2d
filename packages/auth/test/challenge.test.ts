import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../src/index.ts";
import { splitScopes } from "../src/scope.ts";
import vectors from "./vectors/challenge.json" with { type: "json" };

interface Plain {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
  readonly token68?: string;
}

function plain(header: string | readonly string[]): Plain[] {
  return parseChallenges(header).map((challenge) => ({ ...challenge, params: { ...challenge.params } }));
}

describe("each challenge seen in the wild", () => {
  test.each(vectors.map((vector) => [vector.id, vector] as const))("%s is read line by line", (_, vector) => {
    expect(plain(vector.headers)).toEqual(vector.challenges);
  });

  test.each(vectors.map((vector) => [vector.id, vector] as const))(
    "%s is read from joined lines",
    (_, vector) => {
      expect(plain(vector.headers.join(", "))).toEqual(vector.challenges);
    },
  );

  const scoped = vectors.filter((vector) => vector.scopes !== undefined);
  test.each(scoped.map((vector) => [vector.id, vector] as const))("%s has its scopes", (_, vector) => {
    const first = parseChallenges(vector.headers).find(({ scheme }) => scheme === "bearer");
    expect(splitScopes(first?.params["scope"] ?? "")).toEqual(vector.scopes);
  });
});

test("token68 is told from a parameter by what follows its equals signs", () => {
  expect(plain("Negotiate YII+/abc==, Basic realm=x")).toEqual([
    { scheme: "negotiate", params: {}, token68: "YII+/abc==" },
    { scheme: "basic", params: { realm: "x" } },
  ]);
  expect(plain("NTLM TlRMTVNTUAAB")).toEqual([{ scheme: "ntlm", params: {}, token68: "TlRMTVNTUAAB" }]);
});

test("the first of a parameter given twice counts, and scopes are joined", () => {
  expect(plain('Bearer realm="a",realm="b",scope="x",scope="y"')).toEqual([
    { scheme: "bearer", params: { realm: "a", scope: "x y" } },
  ]);
});

test("the actions of an unquoted scope do not become schemes", () => {
  expect(plain("Bearer realm=https://r.example/t,scope=repository:a:pull,push,service=s")).toEqual([
    {
      scheme: "bearer",
      params: { realm: "https://r.example/t", scope: "repository:a:pull,push", service: "s" },
    },
  ]);
});

test("an unterminated quote ends with its line", () => {
  expect(plain(['Bearer realm="https://a.example/t', "Basic realm=x"])).toEqual([
    { scheme: "bearer", params: { realm: "https://a.example/t" } },
    { scheme: "basic", params: { realm: "x" } },
  ]);
});

test("what sticks to a closing quote belongs to nothing", () => {
  expect(plain('Bearer realm="a"zzz, service="s"')).toEqual([
    { scheme: "bearer", params: { realm: "a", service: "s" } },
  ]);
});

test("a parameter named like the prototype is only a parameter", () => {
  const [challenge] = parseChallenges('Bearer __proto__="polluted", constructor="x"');
  expect(Object.getPrototypeOf(challenge?.params)).toBeNull();
  expect(Object.keys(challenge?.params ?? {})).toEqual(["__proto__", "constructor"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test.each([
  ["unclosed quotes", `Bearer ${'a="'.repeat(5400)}`],
  ["ten thousand parameters", `Bearer ${"a=b,".repeat(4000)}`],
  ["backslashes", `Bearer realm="${"\\".repeat(16_000)}`],
  ["spaces", `Bearer${" ".repeat(16_000)}x`],
  ["schemes", "a ".repeat(8000)],
  ["equals signs", `a ${"=".repeat(16_000)}`],
  ["scopes that come again", `Bearer ${"scope=a,".repeat(2000)}`],
])("16 KiB of %s take no more than a moment", (_, header) => {
  parseChallenges(header);
  const start = performance.now();
  for (let round = 0; round < 20; round += 1) parseChallenges(header);
  // Well below a millisecond each on an idle machine; a quadratic scanner needs seconds on any.
  expect((performance.now() - start) / 20).toBeLessThan(250);
});

test("nothing beyond 16 KiB is read", () => {
  expect(plain(["Basic realm=x", `Bearer realm="${"x".repeat(20_000)}"`])).toEqual([
    { scheme: "basic", params: { realm: "x" } },
  ]);
});

test("no header makes it throw, and every name comes in lower case", () => {
  const piece = fc.constantFrom(
    "Bearer ",
    "Basic",
    "=",
    '"',
    "\\",
    ",",
    " ",
    "\t",
    "realm",
    "scope",
    "a/b:c",
    "==",
    "\u0000",
    "é",
  );
  const header = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(fc.array(header, { maxLength: 4 }), (headers) => {
      for (const challenge of parseChallenges(headers)) {
        expect(challenge.scheme).toBe(challenge.scheme.toLowerCase());
        for (const name of Object.keys(challenge.params)) expect(name).toBe(name.toLowerCase());
      }
    }),
  );
});

test("what is written by the grammar is read back", () => {
  const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const value = fc.string({ unit: "grapheme-ascii", maxLength: 20 });
  const challenge = fc.record({
    scheme: token,
    params: fc.uniqueArray(fc.tuple(token, value), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 5,
    }),
  });
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const header = challenges
        .map(
          ({ scheme, params }) =>
            `${scheme} ${params.map(([name, text]) => `${name}="${quote(text)}"`).join(", ")}`,
        )
        .join(", ");
      expect(plain(header)).toEqual(
        challenges.map(({ scheme, params }) => ({ scheme, params: Object.fromEntries(params) })),
      );
    }),
  );
});

function quote(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
