import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../../", import.meta.url));

/** Entries that load in a browser, a worker, Deno and Bun, and the packages each may bring along. */
const NEUTRAL: Readonly<Record<string, readonly string[]>> = {
  reference: [],
  content: ["@reg/reference", "zod", "@noble/hashes"],
  transport: [],
  auth: ["tldts"],
  client: ["@reg/reference", "@reg/content", "zod", "@noble/hashes"],
};

/** What a bundler finds when it follows every import of a package's built main entry. */
async function importsOf(name: string): Promise<{ builtins: string[]; packages: Set<string> }> {
  const result = await build({
    entryPoints: [`${packages}${name}/dist/index.js`],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    conditions: ["browser"],
    logLevel: "silent",
  });
  const builtins: string[] = [];
  const brought = new Set<string>();
  for (const [file, input] of Object.entries(result.metafile.inputs)) {
    for (const { path, external } of input.imports) if (external === true) builtins.push(`${file}: ${path}`);
    const inModules = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
    const inWorkspace = /(?:^|\/)(?:packages|\.\.)\/([a-z]+)\/dist\//.exec(file)?.[1];
    const from = inModules ?? (inWorkspace === undefined ? undefined : `@reg/${inWorkspace}`);
    if (from !== undefined && from !== `@reg/${name}`) brought.add(from);
  }
  return { builtins, packages: brought };
}

describe("a runtime-neutral entry", () => {
  for (const [name, allowed] of Object.entries(NEUTRAL)) {
    it(`@reg/${name} imports no Node built-in, and no package beyond ${allowed.join(", ") || "itself"}`, async () => {
      const found = await importsOf(name);
      expect(found.builtins).toEqual([]);
      expect([...found.packages].filter((from) => !allowed.includes(from))).toEqual([]);
    });
  }

  it("is told apart from one that does import Node built-ins", async () => {
    expect((await importsOf("layout")).builtins).not.toEqual([]);
  });
});
