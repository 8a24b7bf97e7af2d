import fc from "fast-check";
import { expect, test } from "vitest";
import { coversScopes, formatScope, mergeScopes, parseScope } from "../src/index.ts";
import { repositoryOf } from "../src/scope.ts";

test("a name may hold host and port: the type ends at the first colon, the actions begin after the last", () => {
  expect(parseScope("repository:reg.example:5000/team/app:push,pull")).toEqual({
    type: "repository",
    name: "reg.example:5000/team/app",
    actions: ["pull", "push"],
  });
  expect(parseScope("repository(plugin):a:pull").type).toBe("repository(plugin)");
});

test("a scope without parts stays as it is", () => {
  for (const scope of ["aws", "*", "a:b"]) expect(formatScope(parseScope(scope))).toBe(scope);
});

test("scopes of one resource become one, and one that writes comes first", () => {
  expect(
    mergeScopes(["repository:a:pull", "registry:catalog:*"], ["repository:b:push,pull", "repository:a:pull"]),
  ).toEqual(["repository:b:pull,push", "registry:catalog:*", "repository:a:pull"]);
});

test("a token serves what it was asked for, and nothing of another repository", () => {
  const granted = ["repository:a:pull,push", "repository:b:pull", "registry:catalog:*"];
  expect(coversScopes(granted, ["repository:a:pull"])).toBe(true);
  expect(coversScopes(granted, ["registry:catalog:list"])).toBe(true);
  expect(coversScopes(granted, [])).toBe(true);
  expect(coversScopes(granted, ["repository:b:push"])).toBe(false);
  expect(coversScopes(granted, ["repository:c:pull"])).toBe(false);
  expect(coversScopes(granted, ["repository:a:delete"])).toBe(false);
});

test("the repository is that of the most demanding scope", () => {
  expect(repositoryOf(["registry:catalog:*", "repository:a/b:pull", "repository:c:pull"])).toBe("a/b");
  expect(repositoryOf(["aws"])).toBeUndefined();
});

test("merging is idempotent, blind to order, and covers what went in", () => {
  const action = fc.constantFrom("pull", "push", "delete", "*");
  const scope = fc
    .tuple(
      fc.constantFrom("repository", "registry"),
      fc.constantFrom("a", "b:5000/c", "catalog"),
      fc.array(action, { minLength: 1 }),
    )
    .map(([type, name, actions]) => `${type}:${name}:${actions.join(",")}`);
  fc.assert(
    fc.property(fc.array(scope), (scopes) => {
      const merged = mergeScopes(scopes);
      expect(mergeScopes(merged)).toEqual(merged);
      expect(mergeScopes([...scopes].reverse())).toEqual(merged);
      expect(coversScopes(merged, scopes)).toBe(true);
    }),
  );
});

test("a scope without end takes linear time", () => {
  const start = performance.now();
  mergeScopes([`repository:${"a:".repeat(50_000)}pull`, `repository:x:${"pull,".repeat(50_000)}`]);
  expect(performance.now() - start).toBeLessThan(5_000);
});
