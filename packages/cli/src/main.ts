#!/usr/bin/env node
import { loadRun } from "./load-run.ts";
import { quietExperiments } from "./quiet-experiments.ts";
import { version } from "./version.ts";

const words = process.argv.slice(2);

if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
  // Nothing else is loaded for this: scripts ask it often, to see whether the command is there.
  process.stdout.write(`reg ${version()}\n`);
} else {
  void start();
}

async function start(): Promise<void> {
  quietExperiments();
  // A reader that closed the pipe (`| head`) ends the command, quietly.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const { run, keepCode } = await loadRun(words);
  const code = await run(words, process.env);
  process.exitCode = code;
  // Results are flushed first; a socket that lingers does not keep the command alive.
  process.stdout.write("", () => {
    // What failed early would keep too little.
    if (code === 0) keepCode();
    process.exit(code);
  });
}
