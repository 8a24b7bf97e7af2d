#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { quietExperiments } from "./quiet-experiments.ts";
import { version } from "./version.ts";

const words = process.argv.slice(2);

if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
  // Nothing else is loaded for this: scripts ask it often, to see whether the command is there.
  process.stdout.write(`reg ${version()}\n`);
} else {
  start();
}

function start(): void {
  quietExperiments();
  // V8's compiled code is kept between runs: start-up is most of what a short command costs.
  enableCompileCache?.();
  // A reader that closed the pipe (`| head`) ends the command, quietly.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  void import("./run.ts")
    .then(({ run }) => run(words, process.env))
    .then((code) => {
      process.exitCode = code;
      // Results are flushed first; a socket that lingers does not keep the command alive.
      process.stdout.write("", () => process.exit(code));
    });
}
