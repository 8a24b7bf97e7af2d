"use strict";
/*
 * The one way into the workspace: `npm start`, `npm test`. A fresh machine may have an old Node and no pnpm; npx brings
 * what is missing. Plain JavaScript that an old Node can read.
 */
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

const root = join(__dirname, "..");
const pnpm = require("../package.json").packageManager;
/** Brought along where the machine's own Node is older. */
const NODE = "node@24";
const install = "pnpm install --frozen-lockfile --reporter=append-only --loglevel=warn";
const jobs = {
  start: [install, "pnpm --silent main-job"],
  test: [install, "pnpm --silent check", "node .launch/summary.mjs"],
  interop: [install, "pnpm --silent interop"],
};

const name = process.argv[2] || "";
if (!Object.hasOwn(jobs, name)) {
  console.error(`usage: node .launch/launch.cjs ${Object.keys(jobs).join("|")}`);
  process.exit(2);
}

// The packages run on Node 22.19 and newer; the workspace runs its TypeScript as it is, `await using` included.
const [major] = process.versions.node.split(".").map(Number);
const packages = ["-p", pnpm];
if (major < 24) {
  console.log(`Node ${process.versions.node} is older than 24: going on with ${NODE}, brought by npx.`);
  packages.unshift("-p", NODE);
}

const result = spawnSync("npx", ["-y", ...packages, "-c", jobs[name].join(" && ")], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
  // Nothing is told to anybody, and nothing is printed that is not ours.
  env: Object.assign({}, process.env, {
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
    NPM_CONFIG_UPDATE_NOTIFIER: "false",
  }),
});
if (result.error) console.error(`npx could not be started: ${result.error.message}`);
process.exit(result.status === null ? 1 : result.status);
