import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { cases } from "../src/cases/index.ts";
import { commandClient } from "../src/command-client.ts";
import { regDialect } from "../src/dialects.ts";
import { describeCases } from "./describe-cases.ts";

const main = fileURLToPath(new URL("../../cli/dist/main.js", import.meta.url));
const isBuilt = existsSync(main);
if (!isBuilt && process.env["REG_INTEROP"] === "required") throw new Error("build @reg/cli first");

const client = isBuilt ? await commandClient(regDialect([process.execPath, main])) : undefined;
if (client === undefined) describe.skip("the reg command (build @reg/cli first)");
else
  describeCases(
    "the reg command meets",
    cases.filter(({ slow }) => slow !== true),
    client,
  );
