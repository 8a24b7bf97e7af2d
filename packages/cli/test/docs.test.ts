import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@reg/sdk";
import { describe, expect, it } from "vitest";
import { inlineCode } from "./markdown-blocks.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const files = globSync(["packages/sdk/docs/{,guides/,coming-from/}*.md", "README.md"], { cwd: root });
const commands = readCommands(readFileSync(join(root, "packages/cli/REFERENCE.md"), "utf8"));

describe.each(files)("%s", (file) => {
  const markdown = readFileSync(join(root, file), "utf8");
  const code = inlineCode(markdown);

  it("links to files that are there", () => {
    const links = [...markdown.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links.filter((link) => !existsSync(join(root, dirname(file), link)))).toEqual([]);
  });

  it("names commands and options that reg has", () => {
    expect(code.filter((text) => /^reg [a-z]/.test(text)).flatMap(unknownParts)).toEqual([]);
  });

  it("names members that the client has", () => {
    const members = code
      .map((text) => /^client\.([\w.]+)/.exec(text)?.[1])
      .filter((path) => path !== undefined);
    const client: unknown = createClient({ authenticator: false });
    expect(members.filter((path) => member(client, path.replace(/\.$/, "")) === undefined)).toEqual([]);
  });
});

it("the pages name what they are checked for", () => {
  const all = files.flatMap((file) => inlineCode(readFileSync(join(root, file), "utf8")));
  expect(all.filter((text) => /^reg [a-z]/.test(text)).length).toBeGreaterThan(50);
  expect(unknownParts("reg copy --no-such A B")).toEqual(["reg copy --no-such A B: --no-such"]);
  expect(unknownParts("reg fly A")).toEqual(["reg fly A"]);
});

interface Commands {
  readonly common: ReadonlySet<string>;
  readonly options: ReadonlyMap<string, ReadonlySet<string>>;
}

/** From the reference, which is made of the definitions that the command runs by. */
function readCommands(reference: string): Commands {
  const [head = "", ...sections] = reference.split(/^### reg /m);
  const options = sections.map((section): [string, ReadonlySet<string>] => {
    const name = section.slice(0, section.indexOf("\n")).trim();
    return [name, optionsIn(section)];
  });
  return { common: optionsIn(head), options: new Map(options) };
}

function optionsIn(text: string): ReadonlySet<string> {
  const rows = [...text.matchAll(/^\| `(-[^`]+)`/gm)].flatMap(
    ([, row = ""]) => row.match(/--?[a-z][a-z-]*/g) ?? [],
  );
  return new Set(rows);
}

function unknownParts(text: string): string[] {
  const words = text.split(" ").slice(1);
  const name = [words.slice(0, 2).join(" "), words[0] ?? ""].find((found) => commands.options.has(found));
  if (name === undefined) return [text];
  const known = commands.options.get(name);
  const given = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0] ?? word);
  return given
    .filter((option) => known?.has(option) !== true && !commands.common.has(option))
    .map((option) => `${text}: ${option}`);
}

function member(object: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => {
    return value === null || value === undefined ? undefined : Reflect.get(Object(value), name);
  }, object);
}
