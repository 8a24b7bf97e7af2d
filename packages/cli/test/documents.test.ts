import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { completionScript } from "../src/completion.ts";
import { commandHelp, groupHelp, mainHelp } from "../src/help.ts";
import { manualPage, markdownReference } from "../src/manual.ts";
import { COMMANDS } from "../src/table.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const NAMES = COMMANDS.map((command) => command.name);

describe("help", () => {
  test("lists every command, and a command's own help has its options and examples", () => {
    for (const command of COMMANDS) {
      expect(mainHelp(100)).toContain(command.summary.slice(0, 20));
      const help = commandHelp(command, 100);
      for (const option of command.options) expect(help).toContain(`--${option.name}`);
      for (const example of command.examples) expect(help).toContain(example.line);
    }
  });

  test("breaks its sentences where the terminal ends", () => {
    for (const columns of [40, 80, 120]) {
      for (const command of COMMANDS) {
        for (const line of commandHelp(command, columns).split("\n")) {
          // What is typed stands as it is typed; sentences begin at the left or in the second column.
          const isSentence = /^[A-Z]/.test(line) || /^ {6,}[a-z]/.test(line);
          if (isSentence) expect(line.length, line).toBeLessThan(columns);
        }
      }
    }
  });

  test("of a group lists its commands", () => {
    expect(groupHelp("blob", 80)).toContain("blob get REPO@DIGEST");
  });

  test("is a result when asked for, and the answer to wrong usage when not", async () => {
    const asked = await reg(["--help"]);
    expect(asked).toMatchObject({ code: 0, stderr: "" });
    expect(asked.stdout).toContain("usage: reg COMMAND");
    const nothing = await reg([]);
    expect(nothing).toMatchObject({ code: 2, stdout: "" });
    expect(await reg(["pull", "-h"])).toMatchObject({ code: 0, stderr: "" });
    expect((await reg(["help", "blob", "get"])).stdout).toContain("usage: reg blob get");
    expect((await reg(["--version"])).stdout).toMatch(/^reg \d+\.\d+\.\d+/);
  });
});

describe("the manual and the reference", () => {
  test("have every command and option", () => {
    const manual = manualPage("1.2.3");
    const markdown = markdownReference();
    for (const command of COMMANDS) {
      expect(markdown).toContain(`### reg ${command.name}\n`);
      expect(manual).toContain(`.B reg ${command.name}`.replaceAll("-", "\\-"));
      for (const option of command.options) expect(markdown).toContain(`--${option.name}`);
    }
  });

  test.runIf(hasPrograms("man"))("man finds no fault in the manual page", () => {
    const { stderr, status } = spawnSync("man", ["--warnings", "-l", "-"], {
      input: manualPage("1.2.3"),
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8", MANPAGER: "cat" },
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

/** fish reads a script from nothing but a file. */
function scriptFile(text: string): { readonly path: string; [Symbol.dispose](): void } {
  const folder = scratchFolder();
  const path = join(folder.path, "script");
  writeFileSync(path, text);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("completion", () => {
  describe.each([
    ["bash", ["-n"]],
    ["zsh", ["-n"]],
    ["fish", ["--no-execute"]],
  ] as const)("%s", (shell, words) => {
    test.runIf(hasPrograms(shell))("reads its script without complaint", () => {
      using script = scriptFile(completionScript(shell));
      const { stderr, status } = spawnSync(shell, [...words, script.path], { encoding: "utf8" });
      expect(stderr).toBe("");
      expect(status).toBe(0);
    });
  });

  test.runIf(hasPrograms("fish"))("fish completes commands, groups, options and values", () => {
    const offered = (line: string): string[] => {
      using script = scriptFile(`${completionScript("fish")}\ncomplete -C '${line}'\n`);
      const { stdout, stderr } = spawnSync("fish", ["--no-config", script.path], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout
        .trimEnd()
        .split("\n")
        .map((row) => row.split("\t")[0] ?? "");
    };
    expect(offered("reg pu")).toEqual(["pull", "push"]);
    expect(offered("reg blob ")).toEqual(["delete", "get", "head", "mount", "put"]);
    expect(offered("reg blob get --out")).toEqual(["--output"]);
    expect(offered("reg tags --order ")).toEqual(["created", "name", "semver"]);
    expect(offered("reg completion ")).toEqual(["bash", "fish", "zsh"]);
  });

  function complete(...typed: string[]): string[] {
    const script = [
      completionScript("bash"),
      `COMP_WORDS=(reg ${typed.map((word) => `'${word}'`).join(" ")})`,
      `COMP_CWORD=${typed.length}`,
      "_reg",
      `printf "%s\\n" "\${COMPREPLY[@]}"`,
    ].join("\n");
    const { stdout, stderr } = spawnSync("bash", { input: script, encoding: "utf8" });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  }

  test("bash completes commands, groups, options and values", () => {
    expect(complete("pu")).toEqual(["pull", "push"]);
    expect(complete("")).toEqual([...new Set(NAMES.map((name) => name.split(" ")[0]))]);
    expect(complete("blob", "")).toEqual(["get", "put", "mount", "head", "delete"]);
    expect(complete("blob", "get", "--out")).toEqual(["--output"]);
    expect(complete("tags", "--order", "")).toEqual(["name", "semver", "created"]);
    expect(complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(complete("pull", "--fam")).toEqual(["--family"]);
    expect(complete("pull", "x", "--progress", "j")).toEqual(["json"]);
    expect(complete("--json", "pu")).toEqual(["pull", "push"]);
  });
});

describe("the files made from the definitions", () => {
  test("are up to date: `reg help --format markdown > REFERENCE.md`, `reg help --format man > reg.1`", () => {
    const file = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
    expect(file("REFERENCE.md")).toBe(markdownReference());
    expect(file("reg.1").replace(/^\.TH .*$/m, "")).toBe(manualPage("").replace(/^\.TH .*$/m, ""));
  });
});
