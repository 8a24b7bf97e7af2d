import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedDemo } from "./readme-demo.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));

let listener: RegistryListener;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reg-readme-"));
  listener = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "127.0.0.1", port: 0 });
  await seedDemo(listener.url);
});

afterAll(async () => {
  await listener.close();
  await rm(folder, { recursive: true, force: true });
});

/** Where a README's snippets run, so that they find the packages they import: the root's in the umbrella. */
const readmes = [
  { file: "README.md", home: "packages/sdk" },
  ...readdirSync(join(root, "packages")).map((name) => ({
    file: `packages/${name}/README.md`,
    home: `packages/${name}`,
  })),
].filter(({ file }) => existsSync(join(root, file)));

describe.each(readmes)("$file", ({ file, home }) => {
  const blocks = fencedBlocks(readFileSync(join(root, file), "utf8"));

  it("has something to run", () => {
    expect(blocks.some(({ language }) => language === "ts" || language === "sh")).toBe(true);
  });

  for (const { language, line, text } of blocks) {
    if (language === "ts")
      it(`runs the program of line ${line}`, async () => {
        const place = join(root, home, ".reports/readme");
        await mkdir(place, { recursive: true });
        const program = join(place, `line-${line}.ts`);
        await writeFile(program, here(text));
        // A program that fails ends with another exit code than 0, and the test with it.
        await run(process.execPath, ["--conditions=@reg/source", program], {
          cwd: folder,
          env: environment(),
        });
      });
    if (language === "sh" && /^reg /m.test(text))
      it(`runs the commands of line ${line}`, async () => {
        await run("sh", ["-euc", `reg() { "$NODE" "$REG" "$@"; }\n${here(text)}`], {
          cwd: folder,
          env: environment(),
        });
      });
  }
});

/** Snippets name a registry at localhost:5000; here it is on a free port. */
function here(text: string): string {
  return text.replaceAll("localhost:5000", `localhost:${listener.port}`);
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: folder,
    NODE: process.execPath,
    REG: join(root, "packages/cli/dist/main.js"),
  };
}

function fencedBlocks(markdown: string): { language: string; line: number; text: string }[] {
  const blocks: { language: string; line: number; text: string }[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const language = /^```(\w+)/.exec(lines[index] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", index + 1);
    if (end === -1) throw new Error(`the block that starts at line ${index + 1} is not closed`);
    blocks.push({ language, line: index + 1, text: lines.slice(index + 1, end).join("\n") });
    index = end;
  }
  return blocks;
}
