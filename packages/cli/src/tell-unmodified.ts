import type { Call } from "./call.ts";

/** What there is to say where `--if-none-match` names the version that is still there: nothing on standard output but JSON. */
export function tellUnmodified(call: Call, reference: string): undefined {
  if (call.output.json) call.output.value({ reference, modified: false });
  else call.output.note(`${reference} is not modified`);
}
