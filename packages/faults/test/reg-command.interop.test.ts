import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cases, serverCases } from "../src/cases/index.ts";
import { commandClient } from "../src/command-client.ts";
import { regDialect } from "../src/dialects.ts";
import { regServer } from "../src/servers/command-servers.ts";
import { playServer } from "../src/servers/server-stage.ts";
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

const server = isBuilt ? await regServer([process.execPath, main]) : undefined;
describe.concurrent("reg serve meets", () => {
  for (const one of server === undefined ? [] : serverCases)
    it(`${one.id}: ${one.fault}`, { timeout: 60_000 }, async ({ skip }) => {
      if (server === undefined) return;
      const verdict = await playServer(one, server);
      if (verdict.status === "not-applicable") skip(verdict.observed);
      expect(verdict, `${one.expectation} (${one.reason})`).toMatchObject({ status: "pass" });
    });
});
