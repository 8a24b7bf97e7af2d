import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { defineConfig, type Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * The command is one bundle of what it uses: loading some 250 files of its dependencies one by one would cost more than
 * most commands take.
 */
export default defineConfig({
  entry: ["src/main.ts"],
  format: ["esm"],
  target: "node22",
  platform: "node",
  clean: true,
  // Commands, the engine, the server and the YAML parser are loaded when they are needed.
  splitting: true,
  noExternal: [/.*/],
  // Names stay as they are, so that a stack trace can be read without a map.
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.minifySyntax = true;
    options.legalComments = "none";
  },
  // What came as CommonJS asks for Node's own modules by `require`.
  banner: {
    js: 'import { createRequire as commonJsRequire } from "node:module"; const require = commonJsRequire(import.meta.url);',
  },
  esbuildPlugins: [slimUndici(), notices()],
});

/** undici's entry loads its fetch, WebSocket, caches and mocks too: twice of what the engine needs. */
function slimUndici(): Plugin {
  const parts = {
    Agent: "dispatcher/agent",
    Pool: "dispatcher/pool",
    ProxyAgent: "dispatcher/proxy-agent",
    buildConnector: "core/connect",
  };
  const contents = Object.entries(parts)
    .map(([name, file]) => `export { default as ${name} } from "undici/lib/${file}.js";`)
    .join("\n");
  return {
    name: "slim-undici",
    setup(build) {
      build.onResolve({ filter: /^undici(?:\/index\.js)?$/ }, ({ resolveDir }) => ({
        path: "undici",
        namespace: "slim",
        pluginData: resolveDir,
      }));
      build.onLoad({ filter: /.*/, namespace: "slim" }, ({ pluginData }) => ({
        contents,
        resolveDir: String(pluginData),
      }));
    },
  };
}

/** The licences of what the bundle contains go with it. */
function notices(): Plugin {
  return {
    name: "notices",
    setup(build) {
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
