import { createInterface } from "node:readline";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";

/** `{input, ok, domain, path, tag, digest, canonical, familiar}` or `{input, ok: false, code, offset, message}`. */
export async function run(call: Call): Promise<ExitCode> {
  const sdk = await import("@reg/sdk");
  const { reference: options } = sdk.optionsFromEnvironment(call.environment);
  let wrong = false;
  for await (const input of inputs(call.arguments("REF"))) {
    const result = sdk.safeParseReference(input, options);
    if (result.ok) {
      const { domain, path, tag, digest } = result.reference;
      const canonical = result.reference.toString();
      const familiar = result.reference.familiar();
      call.output.result(
        { input, ok: true, domain, path, tag: tag ?? null, digest: digest ?? null, canonical, familiar },
        () => [canonical],
      );
    } else {
      wrong = true;
      const { code, offset, message, hint, length } = result.error;
      if (call.output.json) call.output.value({ input, ok: false, code, offset, message });
      else for (const line of pointAt(input, offset, length, message, hint)) call.output.error(line);
    }
  }
  return wrong ? 2 : 0;
}

async function* inputs(words: readonly string[]): AsyncGenerator<string> {
  for (const word of words) {
    if (word !== "-") yield word;
    else yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  }
}

/** The input, a mark below what is wrong, and what to write instead. */
function pointAt(input: string, offset: number, length: number, message: string, hint: string): string[] {
  const mark = `${" ".repeat(offset)}${"^".repeat(Math.max(1, length))}`;
  return [`reg: ${message}`, `  ${input}`, `  ${mark} ${hint}`];
}
