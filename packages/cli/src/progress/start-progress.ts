import type { OnProgress, ProgressEvent } from "@reg/sdk";
import type { Call } from "../call.ts";
import { barProgress } from "./bar-progress.ts";
import { jsonProgress } from "./json-progress.ts";
import { lineProgress } from "./line-progress.ts";

/** Shows what happens, and ends. */
export interface ProgressView {
  show(event: ProgressEvent): void;
  /** Leaves the terminal ready for the next line. */
  end(): void;
}

/**
 * The view that `--progress` asks for: by itself bars on a terminal, lines elsewhere, and nothing where `--quiet` or
 * `--json` want standard error to themselves.
 */
export function startProgress(call: Call): OnProgress {
  const view = chooseView(call);
  const end = (): void => view?.end();
  call.output.beforeResult = end;
  call.defer(end);
  return (event) => view?.show(event);
}

function chooseView(call: Call): ProgressView | undefined {
  const { output } = call;
  const terminal = output.stderr.isTTY === true && call.environment["TERM"] !== "dumb";
  switch (call.text("progress") ?? "auto") {
    case "json":
      return jsonProgress(output);
    case "plain":
      return lineProgress(output);
    case "none":
      return undefined;
    default:
      if (output.quiet) return undefined;
      if (terminal) return barProgress(output);
      return output.json ? undefined : lineProgress(output);
  }
}
