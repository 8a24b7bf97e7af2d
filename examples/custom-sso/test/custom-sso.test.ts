import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeCompany } from "./scenario.ts";

describeCompany("embedded");

test("the client runs without @reg/auth: of its exports only types are used", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(manifest.dependencies)).not.toContain("@reg/auth");
  const sources = globSync("src/*.ts").map((file) => readFileSync(file, "utf8"));
  const imports = sources
    .flatMap((source) => source.split("\n"))
    .filter((line) => line.includes('from "@reg/auth'));
  expect(imports.length).toBeGreaterThan(0);
  for (const line of imports) expect(line).toMatch(/^import type /);
});
