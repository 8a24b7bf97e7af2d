import type { Call } from "./call.ts";
import { UsageError } from "./usage-error.ts";

/** The value of `--to`, without which a command that makes an image has nowhere to put it. */
export function requiredTarget(call: Call): string {
  const target = call.text("to");
  if (target === undefined)
    throw new UsageError("--to TARGET is missing", "say where the image that is made goes");
  return target;
}
