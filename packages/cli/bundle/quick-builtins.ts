import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/** Parts of Node that take a millisecond or more to load, and that many commands never come to use. */
const SLOW: ReadonlySet<string> = new Set([
  "child_process",
  "crypto",
  "dns/promises",
  "fs/promises",
  "readline",
  "tls",
  "zlib",
]);

/**
 * Node's own modules, asked for by `process.getBuiltinModule`: an `import` of one makes a module of all its exports, and
 * reading them (`fs.promises`, `util.TextDecoder`, `crypto.webcrypto`) loads further parts of Node that nobody asked for.
 */
export function quickBuiltins(): Plugin {
  return {
    name: "quick-builtins",
    setup(build) {
      build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
        isBuiltin(path)
          ? {
              path: path.replace(/^node:/, ""),
              namespace: kind === "require-call" ? "required" : "imported",
              sideEffects: false,
            }
          : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule("node:${path}");`,
      }));
      build.onLoad({ filter: /.*/, namespace: "imported" }, ({ path }) => ({
        contents: importedModule(path),
      }));
    },
  };
}

/** A module with every export of a part of Node; the bundle keeps those that are used. */
function importedModule(path: string): string {
  const exported: object = process.getBuiltinModule(`node:${path}`) ?? {};
  const names = Object.entries(exported).filter(
    ([name]) => /^[A-Za-z_]\w*$/.test(name) && name !== "default",
  );
  return [
    `let held; const load = () => (held ??= process.getBuiltinModule("node:${path}"));`,
    "export default /* @__PURE__ */ load();",
    ...names.map(
      ([name, value]) => `export const ${name} = ${SLOW.has(path) ? later(name, value) : now(name)};`,
    ),
  ].join("\n");
}

function now(name: string): string {
  return `/* @__PURE__ */ (() => load().${name})()`;
}

/** Functions wait until they are called, objects until they are looked into; a class has to be there. */
function later(name: string, value: unknown): string {
  if (typeof value === "function" && /^[a-z]/.test(name)) return `(...given) => load().${name}(...given)`;
  if (typeof value !== "object") return now(name);
  return `/* @__PURE__ */ new Proxy({}, { get: (_, member) => load().${name}[member] })`;
}
