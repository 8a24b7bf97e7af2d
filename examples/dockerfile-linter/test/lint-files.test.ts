import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lintFiles } from "../src/lint-files.ts";

const samples = new URL("../samples/", import.meta.url);

let folder: string;
let out: string;
let complaints: string;

async function run(...parameters: string[]): Promise<number> {
  out = "";
  complaints = "";
  return await lintFiles(parameters, {
    write: (text) => {
      out += text;
    },
    complain: (text) => {
      complaints += text;
    },
  });
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "dockerfile-linter-"));
  await cp(samples, folder, { recursive: true });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("the linter", () => {
  it("says file, line and column of each fault, and fails", async () => {
    expect(await run(path.join(folder, "Dockerfile"))).toBe(1);
    const errors = out.split("\n").filter((line) => line.includes(": error: "));
    expect(errors).toEqual([
      `${folder}/Dockerfile:3:10: error: "Debian:bookworm-slim": write debian [NAME_UPPERCASE]`,
      `${folder}/Dockerfile:14:21: error: "ghcr.io/Example/tools:latest": write example/tools [NAME_UPPERCASE]`,
    ]);
  });

  it("mends what is safe, and leaves the rest of the file as it is", async () => {
    const file = path.join(folder, "Dockerfile");
    const before = await readFile(file, "utf8");
    expect(await run("--fix", file)).toBe(0);
    expect(await readFile(file, "utf8")).toBe(
      before
        .replace("Debian:", "debian:")
        .replace("registry-1.docker.io/", "docker.io/")
        .replace("Example/tools", "example/tools"),
    );
    expect(out).not.toContain("error");
  });

  it("reads several files, and reports as JSON and SARIF", async () => {
    const files = ["Dockerfile", "compose.yaml", "deployment.yaml"].map((name) => path.join(folder, name));
    expect(await run("--format", "json", ...files)).toBe(1);
    const findings: { path: string; code: string }[] = JSON.parse(out);
    expect(new Set(findings.map((finding) => finding.path))).toEqual(new Set(files));
    expect(await run("--format", "sarif", ...files)).toBe(1);
    expect(JSON.parse(out).runs[0].results).toHaveLength(findings.length);
  });

  it("fails for warnings where it is asked to, and for nothing where it is asked not to", async () => {
    const file = path.join(folder, "deployment.yaml");
    expect(await run(file)).toBe(0);
    expect(await run("--strict", file)).toBe(1);
    expect(await run("--strict", "--exit-zero", file)).toBe(0);
  });

  it("takes build arguments", async () => {
    await run("--set", "BASE=Alpine:3", path.join(folder, "Dockerfile"));
    expect(out).toContain('Dockerfile:12:6: error: "Alpine:3"');
  });

  it("explains its use, and leaves out what it does not know", async () => {
    expect(await run()).toBe(2);
    expect(complaints).toContain("usage:");
    expect(await run("--format", "xml", "Dockerfile")).toBe(2);
    expect(await run("README.md")).toBe(0);
    expect(complaints).toContain("left out");
  });
});
