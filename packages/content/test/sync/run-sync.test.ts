import { expect, test } from "vitest";
import {
  type ContentTarget,
  type MemoryStore,
  memoryStore,
  parseSyncRules,
  planSync,
  runSync,
  runSyncStep,
  type SyncCursor,
  type SyncPlan,
  type SyncRule,
  type SyncRules,
  syncScheduler,
} from "../../src/index.ts";
import { pushImage, pushPlatforms, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

interface World {
  readonly stores: Map<string, MemoryStore>;
  readonly open: (name: string) => ContentTarget;
}

function world(): World {
  const stores = new Map<string, MemoryStore>();
  const open = (name: string): MemoryStore => {
    const store = stores.get(name) ?? memoryStore();
    stores.set(name, store);
    return store;
  };
  return { stores, open };
}

async function filled(tags: readonly string[]): Promise<World> {
  const made = world();
  for (const [i, tag] of tags.entries()) {
    await pushImage(made.open("a/app"), { tag, layers: [randomBytes(100, i)] });
  }
  return made;
}

function rules(...list: readonly Partial<SyncRule>[]): SyncRules {
  return parseSyncRules({ version: 1, rules: list.map((rule) => ({ from: "a/app", to: "b/app", ...rule })) });
}

async function tagsOf({ open }: World, name: string): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of open(name).tags?.() ?? []) tags.push(tag);
  return tags;
}

function saved<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

test("brings the tags a rule selects, and moves nothing the second time", async () => {
  const w = await filled(["1.0", "1.1", "2.0", "edge"]);
  const plan = await planSync(rules({ tags: { semver: "^1" } }), w.open);
  expect(await runSync(plan, w.open)).toMatchObject({ copied: 2, failed: 0, unchanged: 0 });
  expect(await tagsOf(w, "b/app")).toEqual(["1.0", "1.1"]);
  expect(await runSync(plan, w.open)).toMatchObject({ copied: 0, unchanged: 2, bytes: 0 });
});

test("says in a dry run what it would do", async () => {
  const w = await filled(["1.0", "1.1"]);
  await pushImage(w.open("b/app"), { tag: "0.9" });
  const plan = await planSync(rules({ delete: true }), w.open);
  const report = await runSync(plan, w.open, { dryRun: true });
  expect(report.outcomes.map(({ status }) => status)).toEqual(["planned", "planned", "planned"]);
  expect(report.bytes).toBeGreaterThan(200);
  expect(report.cursor.done).toEqual([]);
  expect(await tagsOf(w, "b/app")).toEqual(["0.9"]);
});

test("goes on past a bad tag and a bad rule, and reports both", async () => {
  const w = await filled(["1.0", "1.1", "1.2"]);
  const layer = randomBytes(100, 1);
  const { digestOf } = await import("../../src/index.ts");
  await w.stores.get("a/app")?.delete({ mediaType: "x", digest: digestOf(layer), size: 100 });
  const { tags: _, ...silent } = memoryStore();
  const open = (name: string): ContentTarget => (name === "a/silent" ? silent : w.open(name));
  const plan = await planSync(rules({ from: "a/silent" }, {}), open);
  const report = await runSync(plan, open, { concurrency: 1 });
  expect(report).toMatchObject({ copied: 2, failed: 1 });
  expect(report.failures).toMatchObject([{ from: "a/silent", error: { code: "UNSUPPORTED" } }]);
  const failed = report.outcomes.find(({ status }) => status === "failed");
  expect(failed).toMatchObject({ step: { tag: "1.1" }, error: { code: "NOT_FOUND", side: "source" } });
  expect(report.cursor.done).toHaveLength(2);
});

test("takes away what is gone only when told to, and only what the rule is about", async () => {
  const w = await filled(["1.0", "1.1"]);
  for (const tag of ["0.9", "nightly", `sha256-${"a".repeat(64)}.sig`])
    await pushImage(w.open("b/app"), { tag });
  const selection = { include: ["*.*"] };
  await runSync(await planSync(rules({ tags: selection }), w.open), w.open);
  expect(await tagsOf(w, "b/app")).toContain("0.9");
  const report = await runSync(await planSync(rules({ tags: selection, delete: true }), w.open), w.open);
  expect(report).toMatchObject({ deleted: 1, unchanged: 2 });
  expect(await tagsOf(w, "b/app")).toEqual(["1.0", "1.1", "nightly", `sha256-${"a".repeat(64)}.sig`]);
});

test("takes older versions away as newer ones come, where only the newest are wanted", async () => {
  const w = await filled(["1.0", "1.1"]);
  const kept = rules({ tags: { newest: 2 }, delete: true });
  await runSync(await planSync(kept, w.open), w.open);
  await pushImage(w.open("a/app"), { tag: "1.2" });
  await runSync(await planSync(kept, w.open), w.open);
  expect(await tagsOf(w, "b/app")).toEqual(["1.1", "1.2"]);
});

test("deletes nothing where the source came up empty, or another rule brings it", async () => {
  const w = await filled([]);
  await pushImage(w.open("b/app"), { tag: "1.0" });
  await pushImage(w.open("c/other"), { tag: "2.0" });
  const alone = await planSync(rules({ delete: true }), w.open);
  expect(alone).toMatchObject({ steps: [], failures: [{ error: { code: "POLICY_REFUSED" } }] });
  await pushImage(w.open("a/app"), { tag: "1.0" });
  await pushImage(w.open("b/app"), { tag: "2.0" });
  const both = await planSync(rules({ delete: true }, { from: "c/other" }), w.open);
  expect(both.steps.filter(({ kind }) => kind === "delete")).toEqual([]);
  const { tags: _, ...silent } = memoryStore();
  const open = (name: string): ContentTarget => (name === "c/other" ? silent : w.open(name));
  const unsure = await planSync(rules({ delete: true }, { from: "c/other" }), open);
  expect(unsure.steps.filter(({ kind }) => kind === "delete")).toEqual([]);
});

test("goes on from its cursor after it was stopped", async () => {
  const w = await filled(["1.0", "1.1", "1.2", "1.3"]);
  const plan = saved<SyncPlan>(await planSync(rules({}), w.open));
  const controller = new AbortController();
  let cursor: SyncCursor | undefined;
  const stopped = runSync(plan, w.open, {
    concurrency: 1,
    signal: controller.signal,
    onOutcome: (_, now) => {
      cursor = saved(now);
      if (now.done.length === 2) controller.abort(new Error("stopped"));
    },
  });
  await expect(stopped).rejects.toThrow("stopped");
  const report = await runSync(plan, w.open, { cursor });
  expect(report.outcomes).toHaveLength(2);
  expect(report.cursor.done).toHaveLength(4);
});

test("may be cut into steps for several workers, each done twice without harm", async () => {
  const w = await filled(["1.0", "1.1", "1.2"]);
  await pushImage(w.open("b/app"), { tag: "0.1" });
  const plan = await planSync(rules({ delete: true }), w.open);
  const steps = plan.steps.flatMap((step) => [saved(step), saved(step)]);
  const outcomes = await Promise.all(steps.map((step) => runSyncStep(step, w.open)));
  expect(outcomes.filter(({ status }) => status === "failed")).toEqual([]);
  expect(outcomes.filter(({ status }) => status === "deleted")).toHaveLength(1);
  expect(await tagsOf(w, "b/app")).toEqual(["1.0", "1.1", "1.2"]);
});

test("passes platforms, referrers and digest tags on to the copy", async () => {
  const w = world();
  const source = w.open("a/app");
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const index = await pushPlatforms(source, platforms, "1.0");
  await pushImage(source, { subject: index, artifactType: "a/sbom" });
  await pushImage(source, { tag: `${index.digest.replace(":", "-")}.sig`, layers: [randomBytes(4)] });
  const rule = { platforms: ["linux/arm64"], index: "sparse", referrers: true, digestTags: true } as const;
  const report = await runSync(await planSync(rules(rule), w.open), w.open);
  expect(report.outcomes).toMatchObject([{ status: "copied", digest: index.digest }]);
  expect(await tagsOf(w, "b/app")).toContain(`${index.digest.replace(":", "-")}.sig`);
  const rewritten = rules({ platforms: ["linux/arm64"] });
  const other = await runSync(await planSync(rewritten, w.open), w.open);
  expect(other.outcomes[0]?.digest).not.toBe(index.digest);
});

test("keeps to the budget of a host over all its steps", async () => {
  const w = await filled(["1.0", "1.1", "1.2", "1.3"]);
  let now = 0;
  let most = 0;
  const inner = w.open("a/app");
  const slow = spy(inner, {
    host: "slow.example",
    fetch: async (descriptor, options) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      return inner.fetch(descriptor, options);
    },
  });
  const open = (name: string): ContentTarget => (name === "a/app" ? slow.store : w.open(name));
  const budget = parseSyncRules({
    version: 1,
    hosts: { "slow.example": { concurrency: 2 } },
    rules: [{ from: "a/app", to: "b/app" }],
  });
  const report = await runSync(await planSync(budget, open), open, { scheduler: syncScheduler(budget) });
  expect(report.copied).toBe(4);
  expect(most).toBe(2);
});

test("tells its listener which step an event belongs to, and says what cannot be deleted", async () => {
  const w = await filled(["1.0"]);
  const seen = new Set<string>();
  const plan = await planSync(rules({}), w.open);
  await runSync(plan, w.open, { onProgress: (_, step) => void seen.add(step.id) });
  expect([...seen]).toEqual(["copy a/app:1.0 b/app:1.0"]);
  const { untag: _, ...kept } = w.open("b/app") as MemoryStore;
  const step = { kind: "delete", id: "x", to: "b/app", tag: "1.0" } as const;
  expect(await runSyncStep(step, () => kept)).toMatchObject({
    status: "failed",
    error: { code: "UNSUPPORTED", side: "target" },
  });
});
