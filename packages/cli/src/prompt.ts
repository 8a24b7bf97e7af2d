import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Call } from "./call.ts";
import { escapeControl } from "./escape.ts";
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
  const answer = await ask(call, question, options);
  if (answer === "") throw new UsageError("an empty answer is no answer");
  return answer;
}

/** Whether somebody is there to be asked: who reads JSON is a program. */
export function mayConfirm(call: Call): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !call.output.json;
}

/** Asks for a yes; anything else is none. */
export async function confirm(call: Call, question: string): Promise<boolean> {
  const answer = await ask(call, `${escapeControl(question)} [y/N] `);
  return ["y", "yes"].includes(answer.trim().toLowerCase());
}

async function ask(
  call: Call,
  question: string,
  options: { readonly hidden?: boolean } = {},
): Promise<string> {
  const hidden = options.hidden === true;
  // readline shows what is typed by drawing its line, question included: into nowhere, when it is hidden.
  const shown = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  if (hidden) process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output: shown, terminal: true });
  // readline takes Ctrl-C for itself; it means what it means everywhere.
  reader.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await reader.question(question, { signal: call.signal });
  } finally {
    reader.close();
    if (hidden) process.stderr.write("\n");
  }
}
