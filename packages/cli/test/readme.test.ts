import { execFile } from "node:child_process";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MarkdownBlock, markdownBlocks } from "./markdown-blocks.ts";
import { seedDemo } from "./readme-demo.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where a document's programs run, so that they find the packages they import. */
const documents = [
  { file: "README.md", home: "packages/sdk" },
  ...readdirSync(join(root, "packages")).map((name) => ({
    file: `packages/${name}/README.md`,
    home: `packages/${name}`,
  })),
  ...globSync("packages/sdk/docs/{,guides/,coming-from/}*.md", { cwd: root }).map((file) => ({
    file,
    home:
      /<!-- programs run in (packages\/\w+) -->/.exec(readFileSync(join(root, file), "utf8"))?.[1] ??
      "packages/sdk",
  })),
]
  .filter(({ file }) => existsSync(join(root, file)))
  .map((document) => {
    const blocks = markdownBlocks(readFileSync(join(root, document.file), "utf8"));
    return { ...document, blocks, runnable: blocks.some(isRunnable) };
  });

it("READMEs of packages, and guides, have something to run", () => {
  const others = documents.filter(({ runnable }) => !runnable).map(({ file }) => file);
  expect(others.filter((file) => !/docs\/(README|registries|coming-from)/.test(file))).toEqual([]);
});

it.each([...new Set(documents.map(({ home }) => home))])(
  "programs that run in %s compile",
  async (home) => {
    const place = join(root, home, ".reports/readme-types");
    await rm(place, { recursive: true, force: true });
    await mkdir(place, { recursive: true });
    for (const { file, blocks } of documents.filter((document) => document.home === home))
      for (const { language, line, text } of blocks)
        if (language === "ts") await writeFile(join(place, programName(file, line)), text);
    const config = { extends: "../../../../.config/tsconfig.json", include: ["*.ts"] };
    await writeFile(join(place, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/.bin/tsc");
    const { stdout } = await run(tsc, ["-p", place]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  },
  60_000,
);

/** Each document has a registry and a folder of its own; its blocks run in order, as somebody who reads it would. */
describe.each(documents.filter(({ runnable }) => runnable))("$file", ({ file, home, blocks }) => {
  let listener: RegistryListener;
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "reg-readme-"));
    listener = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "127.0.0.1", port: 0 });
    await seedDemo(`localhost:${listener.port}`);
  });

  afterAll(async () => {
    await listener.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const { language, line, text, output } of blocks.filter(isRunnable)) {
    if (language === "ts")
      it(`runs the program of line ${line}`, async () => {
        const place = join(root, home, ".reports/readme");
        await mkdir(place, { recursive: true });
        const program = join(place, programName(file, line));
        await writeFile(program, here(text));
        // A program that fails ends with another exit code than 0, and the test with it.
        const { stdout } = await run(process.execPath, ["--conditions=@reg/source", program], {
          cwd: folder,
          env: environment(),
        });
        if (output !== undefined) expect(there(stdout)).toBe(output);
      });
    else
      it(`runs the commands of line ${line}`, async () => {
        const script = `reg() { "$NODE" "$REG" "$@"; }\n${here(text)}`;
        const { stdout } = await run("sh", ["-euc", script], { cwd: folder, env: environment() });
        if (output !== undefined) expect(there(stdout)).toBe(output);
      });
  }

  /** Snippets name a registry at localhost:5000; here it is on a free port. */
  function here(text: string): string {
    return text.replaceAll("localhost:5000", `localhost:${listener.port}`);
  }

  function there(text: string): string {
    return text.replaceAll(`localhost:${listener.port}`, "localhost:5000").trimEnd();
  }

  function environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: folder,
      NODE_COMPILE_CACHE: join(root, "packages/cli/node_modules/.cache/compiled"),
      NODE: process.execPath,
      REG: join(root, "packages/cli/dist/main.js"),
    };
  }
});

function programName(file: string, line: number): string {
  return `${file.replaceAll("/", "-")}-${line}.ts`;
}

/** Programs, and commands of which at least one is ours. */
function isRunnable({ language, text }: MarkdownBlock): boolean {
  return language === "ts" || (language === "sh" && /^reg /m.test(text));
}
