import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
afterAll(() => scratch[Symbol.dispose]());

function write(name: string, ...lines: readonly string[]): void {
  writeFileSync(join(cwd, name), `${lines.join("\n")}\n`);
}

test("what is wrong is told with file, line and column, and fails", async () => {
  write("Dockerfile", "FROM alpine:3.20 AS build", "FROM Alpine:3.20");
  const ended = await reg(["ref", "lint", "Dockerfile"], { cwd });
  expect(ended).toMatchObject({ code: 1, stdout: expect.stringMatching(/^Dockerfile:2:6: error/m) });
});

test("a warning fails with --strict alone", async () => {
  write("compose.yaml", "services:", "  web:", "    image: nginx");
  const lenient = await reg(["ref", "lint", "compose.yaml"], { cwd });
  expect(lenient).toMatchObject({ code: 0, stdout: expect.stringMatching(/^compose\.yaml:3:12: warning/m) });
  expect((await reg(["ref", "lint", "--strict", "compose.yaml"], { cwd })).code).toBe(1);
});

test("--fix mends what it can and reports the rest", async () => {
  write("Dockerfile", "FROM https://ghcr.io/team/app:1.2", "COPY --from=Alpine:3.20 /etc /etc");
  const before = await reg(["ref", "lint", "--json", "Dockerfile"], { cwd });
  const fixable = JSON.parse(before.stdout).filter((finding: { fix?: object }) => finding.fix !== undefined);
  expect(fixable.length).toBeGreaterThan(0);
  const ended = await reg(["ref", "lint", "--fix", "--json", "Dockerfile"], { cwd });
  expect(JSON.parse(ended.stdout).some((finding: { fix?: object }) => finding.fix !== undefined)).toBe(false);
  expect(readFileSync(join(cwd, "Dockerfile"), "utf8")).not.toContain("https://");
});

test("--format sarif is a SARIF log that names file and line", async () => {
  write("Dockerfile", "FROM Alpine:3.20");
  const { code, stdout } = await reg(["ref", "lint", "--format", "sarif", "Dockerfile"], { cwd });
  expect(code).toBe(1);
  const log = JSON.parse(stdout);
  expect(log.version).toBe("2.1.0");
  expect(log.runs[0].results[0]).toMatchObject({
    level: "error",
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: "Dockerfile" },
          region: { startLine: 1, startColumn: 6 },
        },
      },
    ],
  });
});

test("a file of no known kind is not passed over in silence", async () => {
  write("notes.txt", "FROM Alpine:3.20");
  const ended = await reg(["ref", "lint", "notes.txt"], { cwd });
  expect(ended).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(/notes\.txt.*Dockerfile/),
  });
});
