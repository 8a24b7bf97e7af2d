import type { Call } from "../call.ts";
import { commandHelp, groupHelp, mainHelp } from "../help.ts";
import { manualPage, markdownReference } from "../manual.ts";
import { findCommand } from "../parse-call.ts";
import { COMMANDS } from "../table.ts";
import { version } from "../version.ts";

export async function run(call: Call): Promise<undefined> {
  call.output.stdout.write(document(call));
}

function document(call: Call): string {
  const format = call.text("format") ?? "text";
  if (format === "man") return manualPage(version());
  if (format === "markdown") return markdownReference();
  const columns = call.output.stdout.columns;
  const found = findCommand(call.arguments("COMMAND"), COMMANDS);
  if (found.kind === "command") return commandHelp(found.definition, columns);
  return found.kind === "group" ? groupHelp(found.name, columns) : mainHelp(columns);
}
