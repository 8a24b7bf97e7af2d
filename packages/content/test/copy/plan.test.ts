import { expect, test } from "vitest";
import { applyPlan, type CopyPlan, copy, memoryStore, parsePlan, planCopy } from "../../src/index.ts";
import { pushImage, pushPlatforms, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };

function saved(plan: CopyPlan): CopyPlan {
  return parsePlan(JSON.parse(JSON.stringify(plan)));
}

test("says what a copy would do, and does nothing", async () => {
  const source = memoryStore();
  const kept = randomBytes(40, 2);
  await pushImage(source, { tag: "v1", layers: [randomBytes(30), kept] });
  const store = memoryStore();
  await pushImage(store, { layers: [kept] });
  const target = spy(store);
  const plan = await planCopy(source, "v1", target.store, "v1");
  expect(plan.nodes.map(({ kind, action }) => `${kind} ${action}`).sort()).toEqual([
    "blob copy",
    "blob copy",
    "blob skip",
    "manifest copy",
  ]);
  expect(plan.tags).toMatchObject([{ ref: "v1", done: false }]);
  expect(target.count("push") + target.count("tag")).toBe(0);
  expect((await copy(source, "v1", target.store, "v1")).bytes).toBe(plan.bytes);
  const after = await planCopy(source, "v1", target.store, "v1");
  expect(after).toMatchObject({ bytes: 0, tags: [{ done: true }] });
});

test("is plain data that can be applied later, and again", async () => {
  const source = memoryStore();
  const index = await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  const plan = saved(await planCopy(source, "v1", target, ["v1", "v2"]));
  // The tag has moved on since; the plan has not.
  await pushImage(source, { tag: "v1", layers: [randomBytes(5)] });
  const result = await applyPlan(plan, source, target);
  expect(result).toMatchObject({ descriptor: index, copied: 7, bytes: plan.bytes, tags: ["v1", "v2"] });
  expect(await target.resolve("v2")).toEqual(index);
  const blobs = plan.nodes.filter(({ kind }) => kind === "blob").length;
  expect(await applyPlan(plan, source, target)).toMatchObject({ skipped: blobs });
});

test("carries the index it rewrites", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  const options = { platforms: [ARM64], index: "rewrite" } as const;
  const plan = saved(await planCopy(source, "v1", target, "v1", options));
  expect(plan.nodes.at(-1)?.content).toBeDefined();
  const result = await applyPlan(plan, source, target);
  expect(result.rewritten?.from.digest).toBe(plan.rewritten?.from.digest);
  expect(await target.resolve("v1")).toEqual(result.descriptor);
});

test("says what it would mount", async () => {
  const source = memoryStore();
  await pushImage(source, { tag: "v1" });
  const target = spy(memoryStore(), { canMount: () => true, mount: async () => false });
  const plan = await planCopy(source, "v1", target.store, "v1");
  expect(plan.nodes.filter(({ action }) => action === "mount")).toHaveLength(2);
  expect(target.count("mount")).toBe(0);
});

test("refuses a plan that goes in a circle, lies about content, or has no root", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  const options = { platforms: [AMD64], index: "rewrite" } as const;
  const plan = await planCopy(source, "v1", target, "v1", options);
  const reversed = { ...plan, nodes: plan.nodes.toReversed() };
  await expect(applyPlan(reversed, source, target)).rejects.toMatchObject({ code: "INVALID" });
  const lying = {
    ...plan,
    nodes: plan.nodes.map((node) => (node.content === undefined ? node : { ...node, content: btoa("{}") })),
  };
  await expect(applyPlan(lying, source, target)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  expect(() => parsePlan({ ...plan, nodes: [] })).toThrow(expect.objectContaining({ code: "INVALID" }));
  expect(() => parsePlan({ ...plan, version: 2 })).toThrow(expect.objectContaining({ code: "INVALID" }));
  expect(() => parsePlan(null)).toThrow(expect.objectContaining({ code: "INVALID" }));
});
