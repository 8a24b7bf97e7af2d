import { readInput } from "./read-input.ts";
import { CommandError } from "./usage-error.ts";

/** A file of JSON, or standard input for `-`. */
export async function readJson(path: string, limitBytes: number, signal: AbortSignal): Promise<unknown> {
  const text = Buffer.from(await readInput(path, limitBytes, signal)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError("CONFIG", `${path} is no JSON: ${why}`, { cause });
  }
}
