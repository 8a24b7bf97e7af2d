#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// V8's compiled code is kept between runs: start-up is most of what a short command costs.
enableCompileCache?.();

const { argv, env, stdout } = process;

// A reader that closed the pipe (`| head`) ends the command, quietly.
stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

void import("./run.ts")
  .then(({ run }) => run(argv.slice(2), env))
  .then((code) => {
    process.exitCode = code;
    // Results are flushed first; a socket that lingers does not keep the command alive.
    stdout.write("", () => process.exit(code));
  });
