import { expect, test } from "vitest";
import { parseSyncRules, selectTags } from "../../src/index.ts";

const RULE = { from: "a/x", to: "b/x" };

test("gives every rule the defaults it does not overrule", () => {
  const { rules } = parseSyncRules({
    version: 1,
    defaults: { referrers: true, tags: ["1.*"], platforms: ["linux/amd64"], index: "sparse" },
    rules: [RULE, { ...RULE, referrers: false, tags: { semver: "^2", newest: 3 } }],
  });
  expect(rules).toEqual([
    { ...RULE, referrers: true, tags: { include: ["1.*"] }, platforms: ["linux/amd64"], index: "sparse" },
    {
      ...RULE,
      referrers: false,
      tags: { semver: "^2", newest: 3 },
      platforms: ["linux/amd64"],
      index: "sparse",
    },
  ]);
});

test.each([
  [
    "a misspelt field",
    { version: 1, rules: [{ ...RULE, delet: true }] },
    'rules[0]: it has the unknown field "delet"',
  ],
  ["no rules", { version: 1 }, "rules: it is no array"],
  ["another version", { version: 2, rules: [] }, "version"],
  ["a range that is none", { version: 1, rules: [{ ...RULE, tags: { semver: "newest" } }] }, "tags"],
  ["a platform that is none", { version: 1, rules: [{ ...RULE, platforms: ["linux"] }] }, "platforms"],
  ["a budget of nothing", { version: 1, hosts: { a: { concurrency: 0 } }, rules: [] }, "hosts"],
  ["a count that is none", { version: 1, rules: [{ ...RULE, tags: { newest: 1.5 } }] }, "tags"],
  ["text", "rules", "sync rules"],
])("refuses %s and says where it is", (_, value, where) => {
  expect(() => parseSyncRules(value)).toThrow(
    expect.objectContaining({ code: "INVALID", message: expect.stringContaining(where) }),
  );
});

const TAGS = ["1.0", "1.1", "1.1.5", "2.0", "2.1-rc1", "latest", "edge", `sha256-${"a".repeat(64)}.sig`];

test.each([
  [{}, ["1.0", "1.1", "1.1.5", "2.0", "2.1-rc1", "latest", "edge"]],
  [{ include: ["1.*", "edge"] }, ["1.0", "1.1", "1.1.5", "edge"]],
  [{ include: ["*"], exclude: ["*-rc*", "e*"] }, ["1.0", "1.1", "1.1.5", "2.0", "latest"]],
  [{ semver: "^1" }, ["1.0", "1.1", "1.1.5"]],
  [{ newest: 2 }, ["2.1-rc1", "2.0"]],
  [{ newest: 2, exclude: ["*-*"] }, ["2.0", "1.1.5"]],
  [{ include: ["nothing"] }, []],
  [{ include: [] }, []],
])("%j selects %j", (selection, expected) => {
  expect(selectTags(TAGS, selection)).toEqual(expected);
});
