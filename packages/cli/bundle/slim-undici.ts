import type { Plugin } from "esbuild";

/** What the engine uses of undici, whose entry loads its fetch, WebSocket, caches and mocks too. */
const PARTS = {
  Agent: "dispatcher/agent",
  Pool: "dispatcher/pool",
  ProxyAgent: "dispatcher/proxy-agent",
  buildConnector: "core/connect",
};

/** Its entry gives dispatchers their methods. One is used within: the agent for a proxy asks for a tunnel by it. */
const TUNNELS = `
  import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
  Dispatcher.prototype.connect = function (...given) {
    return require("undici/lib/api/api-connect.js").apply(this, given);
  };`;

/** Modules that undici loads though a command needs them seldom or never, by name and by who asks. */
const REPLACED: readonly { readonly path: RegExp; readonly importer: RegExp; readonly contents: string }[] = [
  {
    // A second parser, an experiment that nobody switches on here: half of undici's size.
    path: /^\.\/parser-h1\.js$/,
    importer: /client-h1\.js$/,
    contents: "exports.getMiloEnabled = () => false;",
  },
  {
    // Loaded when a connection speaks HTTP/2.
    path: /^\.\/client-h2\.js$/,
    importer: /client\.js$/,
    contents: 'module.exports = (...given) => require("./client-h2.js")(...given);',
  },
  {
    // Asked for a default that is always given, and to know bodies of Node's own HTTP server: no body of ours is one.
    path: /^node:http$/,
    importer: /(?:client|util)\.js$/,
    contents: "exports.IncomingMessage = class {}; exports.maxHeaderSize = 16384;",
  },
  {
    path: /^node:assert$/,
    importer: /\.js$/,
    contents: 'module.exports = (held, why) => held || process.getBuiltinModule("node:assert")(held, why);',
  },
  {
    // The parser, WebAssembly. After some five answers V8 would compile it anew, in another thread, for 30 ms of processor
    // time that the end of the process waits for: now after hundreds. The parser is made in the same turn; then the budget
    // is what it always is, as code that was kept is good for these flags alone.
    path: /^\.\.\/llhttp\/llhttp_simd-wasm\.js$/,
    importer: /client-h1\.js$/,
    contents: `
      if (!("Deno" in globalThis) && !("Bun" in globalThis)) {
        const { setFlagsFromString } = process.getBuiltinModule("node:v8");
        setFlagsFromString("--wasm-tiering-budget=2000000000");
        queueMicrotask(() => setFlagsFromString("--wasm-tiering-budget=13000000"));
      }
      module.exports = require("../llhttp/llhttp_simd-wasm.js");`,
  },
];

/** undici without what a command line does not need when it starts. */
export function slimUndici(): Plugin {
  return {
    name: "slim-undici",
    setup(build) {
      build.onResolve({ filter: /^undici(?:\/index\.js)?$/ }, ({ resolveDir }) => ({
        path: "undici",
        namespace: "slim",
        pluginData: resolveDir,
      }));
      build.onLoad({ filter: /.*/, namespace: "slim" }, ({ pluginData }) => ({
        contents: [TUNNELS, ...Object.entries(PARTS).map(exportPart)].join("\n"),
        resolveDir: String(pluginData),
      }));
      for (const [index, { path, importer, contents }] of REPLACED.entries()) {
        const namespace = `slim-${index}`;
        build.onResolve({ filter: path }, (asked) =>
          asked.namespace === "file" && asked.importer.includes("/undici/") && importer.test(asked.importer)
            ? { path: asked.path, namespace, pluginData: asked.resolveDir }
            : undefined,
        );
        build.onLoad({ filter: /.*/, namespace }, ({ pluginData }) => ({
          contents,
          resolveDir: String(pluginData),
        }));
      }
    },
  };
}

function exportPart([name, file]: [string, string]): string {
  return `export { default as ${name} } from "undici/lib/${file}.js";`;
}
