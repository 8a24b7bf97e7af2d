import { defineConfig, type Options } from "tsup";
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
 * Two files: `main.js`, which knows the version and how to load, and `run.cjs`, which holds everything else. Loading some
 * 250 files of dependencies one by one would cost more than most commands take. Within `run.cjs` each module still waits
 * until it is asked for.
 */
export default defineConfig([
  {
    ...common,
    entry: ["src/main.ts"],
    format: ["esm"],
    esbuildPlugins: [quickBuiltins(), apart()],
  },
  {
    ...common,
    entry: ["src/run.ts"],
    format: ["cjs"],
    // A function that `load-run.ts` compiles with the code that V8 kept from an earlier run.
    banner: { js: '(function(module,scriptUrl){"use strict";' },
    footer: { js: "})" },
    define: { "import.meta.url": "scriptUrl" },
    esbuildPlugins: [slimUndici(), quickBuiltins(), notices()],
  },
]);

/** What `run.cjs` holds stays out of `main.js`. */
function apart(): NonNullable<Options["esbuildPlugins"]>[number] {
  return {
    name: "apart",
    setup(build) {
      build.onResolve({ filter: /^\.\/run\.ts$/ }, ({ path }) => ({ path, external: true }));
    },
  };
}
