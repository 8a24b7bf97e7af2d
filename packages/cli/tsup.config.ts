import { defineConfig, type Options } from "tsup";
import { apart, apartEntries } from "./bundle/apart.ts";
import { notices } from "./bundle/notices.ts";
import { quickBuiltins } from "./bundle/quick-builtins.ts";
import { slimUndici } from "./bundle/slim-undici.ts";

const common: Options = {
  target: "node22",
  platform: "node",
  noExternal: [/.*/],
  splitting: false,
  removeNodeProtocol: false,
  // Names stay as they are, so that a stack trace can be read without a map.
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.minifySyntax = true;
    options.legalComments = "none";
  },
};

/**
 * `main.js` knows the version and how to load; `run.cjs` holds what most commands need. Loading some 250 files of
 * dependencies one by one would cost more than most commands take. Within a script each module still waits until it is
 * asked for.
 */
export default defineConfig([
  {
    ...common,
    entry: ["src/main.ts"],
    format: ["esm"],
    esbuildPlugins: [quickBuiltins(), withoutRun()],
  },
  {
    ...common,
    entry: { run: "src/run.ts", ...apartEntries() },
    format: ["cjs"],
    // A function that `load-run.ts` compiles with the code that V8 kept from an earlier run.
    banner: { js: '(function(module,exports,scriptUrl,loadApart){"use strict";' },
    footer: { js: "})" },
    define: { "import.meta.url": "scriptUrl" },
    esbuildPlugins: [apart(), slimUndici(), quickBuiltins(), notices()],
  },
  {
    ...common,
    // A thread of its own, which `run.cjs` looks for beside itself.
    entry: ["../transport/dist/blob-worker.js"],
    format: ["esm"],
    esbuildPlugins: [slimUndici(), quickBuiltins()],
  },
]);

/** What `run.cjs` holds stays out of `main.js`. */
function withoutRun(): NonNullable<Options["esbuildPlugins"]>[number] {
  return {
    name: "without-run",
    setup(build) {
      build.onResolve({ filter: /^\.\/run\.ts$/ }, ({ path }) => ({ path, external: true }));
    },
  };
}
