import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextLink } from "../src/link-header.ts";

describe("nextLink", () => {
  it.each([
    [
      "the specification's own form",
      ['</v2/a/tags/list?n=2&last=b>; rel="next"'],
      "/v2/a/tags/list?n=2&last=b",
    ],
    ["rel as a token", ["</next>; rel=next"], "/next"],
    ["names and values in any case", ['</next>; REL="Next"'], "/next"],
    ["one relation of several", ['</next>; rel="last next"'], "/next"],
    ["one link of several", ['</first>; rel="first", </next>; rel="next"'], "/next"],
    ["one line of several", ['</first>; rel="first"', '</next>; rel="next"'], "/next"],
    ["commas and semicolons within the target", ["</next?a=1,2;3>; rel=next"], "/next?a=1,2;3"],
    ["commas and quotes within another parameter", ['</next>; title="a, \\"b\\"; c"; rel="next"'], "/next"],
    [
      "no angle brackets, as Cloudflare sends it",
      ["/v2/a/tags/list?last=b; rel=next"],
      "/v2/a/tags/list?last=b",
    ],
    [
      "an empty parameter in the query, as ACR sends it",
      ["</v2/a?last=b&orderby=>; rel=next"],
      "/v2/a?last=b&orderby=",
    ],
    ["blanks around everything", [' < /next > ; rel = "next" '], "/next"],
  ])("reads %s", (_, fields, target) => {
    expect(nextLink(fields)).toBe(target);
  });

  it.each([
    ["nothing", []],
    ["another relation", ['</prev>; rel="prev"']],
    ["a second rel, for only the first one counts", ['</x>; rel="prev"; rel="next"']],
    ["a target that does not end", ["</next; rel=next"]],
    ["no relation", ["</next>"]],
  ])("finds no next page in %s", (_, fields) => {
    expect(nextLink(fields)).toBeUndefined();
  });

  it("never throws, whatever stands there", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<>;,=\\" relnxt/') }), (field) => {
        const target = nextLink([field]);
        expect(target === undefined || field.includes(target)).toBe(true);
      }),
    );
  });

  it("finds any target behind any other links", () => {
    const token = fc.stringMatching(/^[a-z0-9/?=&.,;-]{1,20}$/);
    fc.assert(
      fc.property(token, fc.array(token), (target, others) => {
        const links = [
          ...others.map((other) => `<${other}>; rel="prev"; title="a,b"`),
          `<${target}>; rel="next"`,
        ];
        expect(nextLink([links.join(", ")])).toBe(target);
        expect(nextLink(links)).toBe(target);
      }),
    );
  });

  it("reads a hostile field of 1 MB at once", () => {
    const start = performance.now();
    nextLink([`<${"a".repeat(500_000)}>${';"'.repeat(250_000)}`, ",<".repeat(200_000), ";=".repeat(200_000)]);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
