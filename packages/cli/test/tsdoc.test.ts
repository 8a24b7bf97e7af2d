import { execFile } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../", import.meta.url));
const names = ["reference", "content", "transport", "auth", "client", "layout", "server", "sdk", "faults"];

describe("the examples in the TSDoc of", () => {
  it.each(names)(
    "@reg/%s compile",
    async (name) => {
      const home = join(packages, name);
      const place = join(home, ".reports/examples");
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place, { recursive: true });
      const entries = entriesOf(name, home);
      const examples = globSync("src/**/*.ts", { cwd: home }).flatMap((file) =>
        examplesOf(readFileSync(join(home, file), "utf8")).map(({ line, text }) => ({ file, line, text })),
      );
      expect(examples.length).toBeGreaterThan(0);
      for (const { file, line, text } of examples)
        writeFileSync(
          join(place, `${basename(file, ".ts")}-${line}.ts`),
          `${missingImports(text, entries)}${text}\nexport {};\n`,
        );
      const config = {
        extends: "../../../../.config/tsconfig.json",
        compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false },
        include: ["*.ts"],
      };
      writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
      const tsc = join(packages, "../node_modules/.bin/tsc");
      const { stdout } = await run(tsc, ["-p", place]).catch((error: { stdout: string }) => error);
      expect(stdout).toBe("");
    },
    30_000,
  );
});

function examplesOf(source: string): { line: number; text: string }[] {
  const found: { line: number; text: string }[] = [];
  const lines = source.split("\n");
  for (let start = 0; start < lines.length; start++) {
    if (lines[start]?.trim() !== "* ```ts") continue;
    const end = lines.findIndex((text, index) => index > start && text.trim() === "* ```");
    const body = lines.slice(start + 1, end).map((text) => text.replace(/^\s*\* ?/, ""));
    found.push({ line: start + 1, text: body.join("\n") });
    start = end;
  }
  return found;
}

/** What each entry of a package exports by name; an example that imports nothing itself may use all of it. */
function entriesOf(name: string, home: string): Map<string, string> {
  const { exports } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const entries = new Map<string, string>();
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const source = readFileSync(join(home, target["@reg/source"] ?? ""), "utf8");
    const lists = [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) =>
      list.split(","),
    );
    const declared = [...source.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)];
    for (const item of [...lists, ...declared.map(([, found = ""]) => found)]) {
      const exported =
        item
          .trim()
          .replace(/^type /, "")
          .split(" as ")
          .pop() ?? "";
      if (exported !== "" && !entries.has(exported)) entries.set(exported, `@reg/${name}${path.slice(1)}`);
    }
  }
  return entries;
}

function missingImports(text: string, entries: ReadonlyMap<string, string>): string {
  if (/^import /m.test(text)) return "";
  const used = [...entries].filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
  return used.map(([name, from]) => `import { ${name} } from "${from}";\n`).join("");
}
