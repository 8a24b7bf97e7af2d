import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);

it("imports nothing but its own files, so that it loads in a browser", async () => {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(10);
  for (const name of files) {
    const text = await readFile(new URL(name.replaceAll("\\", "/"), source), "utf8");
    for (const [, specifier] of text.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)) {
      expect(specifier, name).toMatch(/^\.\.?\//);
    }
    expect(text, name).not.toMatch(/\b(process|Buffer|require|__dirname)\s*[.(]/);
  }
});
