import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";

/** The licences of what the bundle contains go with it. */
export function notices(): Plugin {
  return {
    name: "notices",
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(({ metafile }) => {
        const folders = Object.keys(metafile?.inputs ?? {}).flatMap((input) => packageFolder(input) ?? []);
        const texts = [...new Set(folders)].sort().map((folder) => {
          const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
          const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
          if (file === undefined) throw new Error(`${name} comes without a licence`);
          return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
        });
        mkdirSync("dist", { recursive: true });
        writeFileSync("dist/THIRD-PARTY-NOTICES.txt", texts.join(`\n${"-".repeat(80)}\n\n`));
      });
    },
  };
}

/** The installed package that a file belongs to; none for our own. */
function packageFolder(input: string): string | undefined {
  if (!input.includes("/node_modules/")) return undefined;
  const modules = input.slice(0, input.lastIndexOf("/node_modules/") + "/node_modules/".length);
  const [scopeOrName = "", name = ""] = input.slice(modules.length).split("/");
  const folder = resolve(modules, scopeOrName.startsWith("@") ? join(scopeOrName, name) : scopeOrName);
  return existsSync(join(folder, "package.json")) ? folder : dirname(folder);
}
