import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Call } from "./call.ts";
import { UsageError } from "./usage-error.ts";

/** Asks on the terminal; a hidden answer is not shown. Without a terminal there is nobody to ask. */
export async function promptFor(
  call: Call,
  question: string,
  options: { readonly hidden?: boolean } = {},
): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError("there is no terminal to ask on", "give --username and --password-stdin");
  }
  const hidden = options.hidden === true;
  // readline shows what is typed by drawing its line, question included: into nowhere, when it is hidden.
  const shown = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  if (hidden) process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output: shown, terminal: true });
  // readline takes Ctrl-C for itself; it means what it means everywhere.
  reader.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await reader.question(question, { signal: call.signal });
    if (answer === "") throw new UsageError("an empty answer is no answer");
    return answer;
  } finally {
    reader.close();
    if (hidden) process.stderr.write("\n");
  }
}
