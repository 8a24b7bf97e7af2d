import { createRequire } from "node:module";
import type { Plugin } from "esbuild";

/**
 * What few commands need, each a script of its own: V8 looks at every character and every function of what it loads, called
 * or not. The name of the script, and the package that depends on it.
 */
const APART: Readonly<Record<string, { readonly name: string; readonly from: string }>> = {
  "@reg/server": { name: "server", from: "../cli" },
  yaml: { name: "yaml", from: "../cli" },
  tldts: { name: "public-suffixes", from: "../auth" },
};

/** Leaves them out, and has the script ask `load-run.ts` for them. */
export function apart(): Plugin {
  return {
    name: "apart",
    setup(build) {
      build.onResolve({ filter: /^[@a-z/]+$/ }, ({ path }) =>
        Object.hasOwn(APART, path) ? { path, namespace: "apart" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "apart" }, ({ path }) => ({
        contents: `module.exports = loadApart("${APART[path]?.name}");`,
      }));
    },
  };
}

/** Where each begins. */
export function apartEntries(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(APART).map(([path, { name, from }]) => [
      name,
      createRequire(new URL(`../${from}/package.json`, import.meta.url)).resolve(path),
    ]),
  );
}
