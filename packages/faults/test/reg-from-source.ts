import { fileURLToPath } from "node:url";
import type { CommandDialect } from "../src/command-client.ts";
import { regDialect } from "../src/dialects.ts";

/** The command of this project as it stands in the working tree, without a build. */
export function regFromSource(): CommandDialect {
  const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
  return regDialect([process.execPath, "--conditions=@reg/source", main]);
}
