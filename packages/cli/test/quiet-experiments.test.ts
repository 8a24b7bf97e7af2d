import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const MODULE = join(import.meta.dirname, "../src/quiet-experiments.ts");

function warningsOf(...nodeOptions: readonly string[]): string {
  const script = `
    const { quietExperiments } = await import(${JSON.stringify(MODULE)});
    quietExperiments();
    process.emitWarning("SQLite is new", "ExperimentalWarning");
    process.emitWarning("too many listeners", "MaxListenersExceededWarning");`;
  const node = [...nodeOptions, "--input-type=module", "--eval", script];
  return spawnSync(process.execPath, node, { encoding: "utf8" }).stderr;
}

test("warnings of experiments are not printed, others are", () => {
  expect(warningsOf()).toContain("MaxListenersExceededWarning: too many listeners");
  expect(warningsOf()).not.toContain("SQLite");
});

test("no warning is printed where Node was told so", () => {
  expect(warningsOf("--no-warnings")).toBe("");
});
